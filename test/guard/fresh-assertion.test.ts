import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHttpHeaders, type HttpClient } from "@azure/core-rest-pipeline";
import { WorkloadIdentityCredential as SdkCredential } from "@azure/identity";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ManagedIdentityCredential } from "../../src/guard/managed-identity-credential.js";
import { WorkloadIdentityCredential } from "../../src/guard/workload-identity-credential.js";
import { RIGHT, SCOPE, unsignedToken, WRONG } from "./world.js";

const TENANT = "33333333-3333-4333-8333-333333333333";
const quick = { retry: { delayMs: 20, maxDelayMs: 20 } } as const;

/** Entra ID to which assertion number 1 has expired; it sends `oids` in turn. */
class Entra implements HttpClient {
  readonly presented: string[] = [];
  oids: readonly string[] = [RIGHT];
  onRefusal: () => void = () => undefined;

  sendRequest: HttpClient["sendRequest"] = async (request) => {
    const form = new URLSearchParams(typeof request.body === "string" ? request.body : "");
    const assertion = form.get("client_assertion") ?? "";
    this.presented.push(assertion);
    const old = assertion === tokenFile(1);
    if (old) this.onRefusal();
    const body = old
      ? {
          error: "invalid_client",
          error_description: "AADSTS700024: Client assertion is not within its valid time range.",
        }
      : {
          access_token: unsignedToken(this.oids[this.presented.length - 1] ?? RIGHT, Date.now() + 3_600_000),
          expires_in: 3_600,
          token_type: "Bearer",
        };
    const headers = createHttpHeaders({ "content-type": "application/json" });
    return { request, status: old ? 401 : 200, headers, bodyAsText: JSON.stringify(body) };
  };
}

const EXPIRES = Date.now() + 3_600_000;
const tokenFile = (serial: number): string => unsignedToken(WRONG, EXPIRES, serial);

let folder = "";
function rotate(serial: number): void {
  writeFileSync(join(folder, "new"), tokenFile(serial));
  renameSync(join(folder, "new"), join(folder, "token"));
}
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "assertion-"));
  rotate(1);
  vi.stubEnv("AZURE_FEDERATED_TOKEN_FILE", join(folder, "token"));
  vi.stubEnv("AZURE_TENANT_ID", TENANT);
  vi.stubEnv("AZURE_CLIENT_ID", RIGHT);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

describe("with the real @azure/identity", () => {
  it.each([
    ["WorkloadIdentityCredential", WorkloadIdentityCredential],
    ["ManagedIdentityCredential", ManagedIdentityCredential],
  ])(
    "a renewed file is read at once by %s when Entra ID says that the assertion is too old",
    async (_name, Class) => {
      const entra = new Entra();
      entra.onRefusal = () => rotate(2);
      await using credential = new Class({ httpClient: entra, guard: quick });
      await credential.getToken(SCOPE);
      expect(entra.presented).toEqual([tokenFile(1), tokenFile(2)]);
    },
  );

  it("the SDK's own class goes on to send the old one, which is why there is a new one for each attempt", async () => {
    const entra = new Entra();
    entra.onRefusal = () => rotate(2);
    const credential = new SdkCredential({ httpClient: entra, retryOptions: { maxRetries: 0 } });
    await expect(credential.getToken(SCOPE)).rejects.toThrow("AADSTS700024");
    await expect(credential.getToken(SCOPE)).rejects.toThrow("AADSTS700024");
    expect(entra.presented).toEqual([tokenFile(1), tokenFile(1)]);
  });

  it("a refused token does not come back from the SDK's cache", async () => {
    rotate(2);
    const entra = new Entra();
    entra.oids = [WRONG, RIGHT];
    await using credential = new WorkloadIdentityCredential({
      httpClient: entra,
      guard: { ...quick, expect: { objectId: RIGHT } },
    });
    await credential.getToken(SCOPE);
    expect(entra.presented).toHaveLength(2);
  });

  it("the errors of Entra ID come with what was presented", async () => {
    rotate(2);
    const httpClient: HttpClient = {
      sendRequest: async (request) => ({
        request,
        status: 401,
        headers: createHttpHeaders({ "content-type": "application/json" }),
        bodyAsText: JSON.stringify({
          error: "invalid_client",
          error_description: "AADSTS700027: Client assertion contains an invalid signature.",
          error_codes: [700_027],
        }),
      }),
    };
    await using credential = new WorkloadIdentityCredential({ httpClient, guard: quick });
    await expect(credential.getToken(SCOPE)).rejects.toMatchObject({
      code: "ERR_GUARD_REJECTED",
      message: expect.stringContaining("AADSTS700027") as string,
    });
  });
});

describe("where guarding is off", () => {
  it("construction and failures are the SDK's own", async () => {
    vi.stubEnv("AZURE_FEDERATED_TOKEN_FILE", undefined);
    const make = (Class: new (options: object) => object): unknown => {
      try {
        return new Class({ tenantId: TENANT });
      } catch (error) {
        return error;
      }
    };
    expect(make(WorkloadIdentityCredential)).toEqual(make(SdkCredential));
    expect(make(WorkloadIdentityCredential)).toHaveProperty("name", "CredentialUnavailableError");
    const options = { clientId: RIGHT, tenantId: TENANT, tokenFilePath: join(folder, "token") };
    rotate(2);
    const httpClient = new Entra();
    await using credential = new WorkloadIdentityCredential({ ...options, httpClient });
    expect(credential.health.snapshot().name).toBe("unguarded");
    expect(Object.keys(await credential.getToken(SCOPE))).toEqual(
      Object.keys(await new SdkCredential({ ...options, httpClient }).getToken(SCOPE)),
    );
  });
});
