import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHttpHeaders, type HttpClient, type PipelineRequest } from "@azure/core-rest-pipeline";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DefaultAzureCredential } from "../../src/guard/default-azure-credential.js";
import { ManagedIdentityCredential } from "../../src/guard/managed-identity-credential.js";
import { logger } from "../../src/logger.js";
import { RIGHT, SCOPE, unsignedToken, WRONG } from "./world.js";

const TENANT = "33333333-3333-4333-8333-333333333333";

/** Entra ID as far as the SDK asks it here: every request is answered with a token, or with what discovery wants. */
function entra(sent: PipelineRequest[]): HttpClient {
  return {
    sendRequest: async (request) => {
      sent.push(request);
      const issuer = `https://login.microsoftonline.com/${TENANT}`;
      const body = request.url.includes("openid-configuration")
        ? {
            authorization_endpoint: `${issuer}/authorize`,
            token_endpoint: `${issuer}/oauth2/v2.0/token`,
            issuer,
            jwks_uri: issuer,
          }
        : {
            access_token: unsignedToken(RIGHT, Date.now() + 3_600_000),
            expires_in: 3_600,
            token_type: "Bearer",
          };
      return { request, status: 200, headers: createHttpHeaders(), bodyAsText: JSON.stringify(body) };
    },
  };
}

describe("the managed identity of a federated pod", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "federated-"));
    writeFileSync(join(folder, "token"), unsignedToken(WRONG, Date.now() + 3_600_000));
    vi.stubEnv("AZURE_FEDERATED_TOKEN_FILE", join(folder, "token"));
    vi.stubEnv("AZURE_TENANT_ID", TENANT);
    vi.stubEnv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential");
    vi.stubEnv("KUBERNETES_SERVICE_HOST", "10.0.0.1");
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
    rmSync(folder, { recursive: true });
  });

  it("is the client of workloadIdentityClientId in the environment's tenant, as in the SDK", async () => {
    const sent: PipelineRequest[] = [];
    await using credential = new DefaultAzureCredential({
      managedIdentityClientId: WRONG,
      workloadIdentityClientId: RIGHT,
      tenantId: WRONG,
      httpClient: entra(sent),
      guard: { expect: { objectId: RIGHT } },
    });
    await credential.getToken(SCOPE);
    const exchange = sent.find(({ method }) => method === "POST");
    const body = typeof exchange?.body === "string" ? exchange.body : "";
    expect(new URLSearchParams(body).get("client_id")).toBe(RIGHT);
    expect(exchange?.url).toContain(TENANT);
  });

  it("is told that a resource ID does nothing there", async () => {
    const warning = vi.spyOn(logger, "warning");
    vi.stubEnv("AZURE_CLIENT_ID", RIGHT);
    const sent: PipelineRequest[] = [];
    const resourceId = "/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/x/other";
    await using credential = new ManagedIdentityCredential({ resourceId, httpClient: entra(sent) });
    await credential.getToken(SCOPE);
    const exchange = sent.find(({ method }) => method === "POST");
    expect(exchange?.body).toContain(`client_id=${RIGHT}`);
    expect(warning).toHaveBeenCalledWith(
      expect.stringContaining("resourceId has no effect with Workload ID"),
    );
  });
});
