import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createHttpHeaders,
  type HttpClient,
  type PipelineRequest,
  type PipelineResponse,
} from "@azure/core-rest-pipeline";
import { WorkloadIdentityCredential as SdkCredential } from "@azure/identity";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DefaultAzureCredential } from "../../src/guard/default-azure-credential.js";
import { entraSource } from "../../src/guard/entra-source.js";
import { ManagedIdentityCredential } from "../../src/guard/managed-identity-credential.js";
import { WorkloadIdentityCredential } from "../../src/guard/workload-identity-credential.js";
import { AttemptFailure, type FailureEvidence } from "../../src/retry/attempt-failure.js";
import { classifyFailure } from "../../src/retry/classify-failure.js";
import { redactError } from "../../src/identity/redact.js";
import { refused, RIGHT, SCOPE, unsignedToken } from "./world.js";

const TENANT = "33333333-3333-4333-8333-333333333333";
const quick = { retry: { delayMs: 20, maxDelayMs: 20, attemptTimeoutMs: 150, budgetMs: 10_000 } } as const;
const ENTRA = { plane: undefined, inKubernetes: true, delegated: true, entra: true } as const;

interface Sent {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
}

const token = (): Sent => ({
  status: 200,
  body: {
    access_token: unsignedToken(RIGHT, Date.now() + 3_600_000),
    expires_in: 3_600,
    token_type: "Bearer",
  },
});

/** Entra ID; what `answers` has no more of is a token, and `hang` goes on until the request is cut. */
class Entra implements HttpClient {
  readonly requests: PipelineRequest[] = [];
  cut = 0;
  readonly #answers: (Sent | Error | "hang")[];

  constructor(...answers: readonly (Sent | Error | "hang")[]) {
    this.#answers = [...answers];
  }

  sendRequest: HttpClient["sendRequest"] = async (request): Promise<PipelineResponse> => {
    this.requests.push(request);
    const answer = this.#answers.shift() ?? token();
    if (answer instanceof Error) throw answer;
    if (answer === "hang") {
      return await new Promise((_resolve, reject) =>
        request.abortSignal?.addEventListener("abort", () => {
          this.cut++;
          reject(Object.assign(new Error("cut"), { name: "AbortError" }));
        }),
      );
    }
    const { status, body, headers } = answer;
    return {
      request,
      status,
      headers: createHttpHeaders({ "content-type": "application/json", ...headers }),
      bodyAsText: typeof body === "string" ? body : JSON.stringify(body),
    };
  };
}

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "entra-"));
  writeFileSync(join(folder, "token"), unsignedToken(RIGHT, Date.now() + 3_600_000));
  vi.stubEnv("AZURE_TENANT_ID", TENANT);
  vi.stubEnv("AZURE_CLIENT_ID", RIGHT);
  vi.stubEnv("KUBERNETES_SERVICE_HOST", "10.0.0.1");
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const injected = (): void => void vi.stubEnv("AZURE_FEDERATED_TOKEN_FILE", join(folder, "token"));
const withSecret = (): void => void vi.stubEnv("AZURE_CLIENT_SECRET", "not-a-secret");

const CREDENTIALS = [
  { name: "WorkloadIdentityCredential", Class: WorkloadIdentityCredential, environment: injected },
  { name: "ManagedIdentityCredential", Class: ManagedIdentityCredential, environment: injected },
  { name: "EnvironmentCredential", Class: DefaultAzureCredential, environment: withSecret },
] as const;

describe.each(CREDENTIALS)("a guarded $name of the real @azure/identity", ({ Class, environment }) => {
  beforeEach(environment);

  it("has its requests cut with the attempt, so that the retries that it owes start", async () => {
    const entra = new Entra("hang", "hang", "hang");
    await using credential = new Class({ httpClient: entra, guard: quick });
    await expect(credential.getToken(SCOPE)).resolves.toHaveProperty("token");
    expect([entra.requests.length, entra.cut]).toEqual([4, 3]);
  });

  it("has them cut by close()", async () => {
    const entra = new Entra("hang");
    const credential = new Class({ httpClient: entra, guard: { retry: { attemptTimeoutMs: 15_000 } } });
    const call = credential.getToken(SCOPE);
    call.catch(() => undefined);
    await vi.waitFor(() => expect(entra.requests).toHaveLength(1));
    await credential.close();
    await expect(call).rejects.toMatchObject({ code: "ERR_GUARD_CLOSED" });
    expect(entra.cut).toBe(1);
  });

  it("keeps the policies that the application gave it", async () => {
    const entra = new Entra();
    const seen: boolean[] = [];
    const policy = {
      name: "mine",
      sendRequest: async (request: PipelineRequest, next: HttpClient["sendRequest"]) => {
        seen.push(request.abortSignal !== undefined);
        request.headers.set("x-mine", "1");
        return await next(request);
      },
    };
    const additionalPolicies = [{ position: "perCall", policy } as const];
    await using credential = new Class({ httpClient: entra, additionalPolicies, guard: quick });
    await credential.getToken(SCOPE);
    expect(entra.requests.map(({ headers }) => headers.get("x-mine"))).toEqual(["1"]);
    expect(seen).toEqual([true]);
    expect(additionalPolicies).toHaveLength(1);
  });

  it("asks again after an error that MSAL would repeat from memory", async () => {
    const entra = new Entra({ status: 503, body: { error: "service_unavailable" } });
    await using credential = new Class({ httpClient: entra, guard: quick });
    await expect(credential.getToken(SCOPE)).resolves.toHaveProperty("token");
    expect(entra.requests).toHaveLength(2);
  });

  it("asks no sooner than Retry-After says, and says so where that is too long", async () => {
    const body = { error: "too_many_requests" };
    const entra = new Entra({ status: 429, body, headers: { "retry-after": "600" } });
    await using credential = new Class({ httpClient: entra, guard: quick });
    const call = credential.getToken(SCOPE);
    await expect(call).rejects.toMatchObject({
      code: "ERR_GUARD_BUDGET_SPENT",
      details: { reason: "throttled" },
    });
    await expect(call).rejects.toThrow(/Entra ID answered 429.*asks to wait longer than the budget/u);
    expect(entra.requests).toHaveLength(1);
  });
});

it("a secret that the application took out of its environment is still used", async () => {
  withSecret();
  const entra = new Entra({ status: 400, body: { error: "temporarily_unavailable" } });
  await using credential = new DefaultAzureCredential({ httpClient: entra, guard: quick });
  vi.stubEnv("AZURE_CLIENT_SECRET", undefined);
  await expect(credential.getToken(SCOPE)).resolves.toHaveProperty("token");
});

describe("what a failed attempt at Entra ID shows", () => {
  /** The failure of one attempt whose requests are answered with `answers`. */
  async function failureOf(...answers: readonly (Sent | Error | "hang")[]): Promise<AttemptFailure> {
    const httpClient = new Entra(...answers);
    const options = { tenantId: TENANT, clientId: RIGHT, tokenFilePath: join(folder, "token"), httpClient };
    const source = entraSource(
      "x",
      (additionalPolicies) =>
        new SdkCredential({ ...options, additionalPolicies, retryOptions: { maxRetries: 0 } }),
      { now: () => Date.now() },
    );
    const error: unknown = await source
      .acquire({ scopes: [SCOPE], options: {} }, new AbortController().signal)
      .catch((thrown: unknown) => thrown);
    return error instanceof AttemptFailure
      ? error
      : new AttemptFailure("as it was thrown", { kind: "thrown", error });
  }
  const reasonOf = (evidence: FailureEvidence): readonly unknown[] => {
    const { reason, permanent, throttled } = classifyFailure(evidence, ENTRA);
    return [reason, permanent ? "permanent" : "transient", ...(throttled ? ["throttled"] : [])];
  };
  const object = { error: { code: "TooManyRequests", message: "slow" } };

  it.each<[number, unknown, readonly unknown[]]>([
    [429, { error: "too_many_requests" }, ["throttled", "transient", "throttled"]],
    [429, object, ["throttled", "transient", "throttled"]],
    [429, {}, ["throttled", "transient", "throttled"]],
    [429, "slow down", ["throttled", "transient", "throttled"]],
    [500, { error: "internal_error", error_description: "x" }, ["server-error", "transient"]],
    [500, {}, ["server-error", "transient"]],
    [502, { message: "bad gateway" }, ["server-error", "transient"]],
    [503, { error: "service_unavailable" }, ["server-error", "transient"]],
    [503, { error: "access_denied" }, ["server-error", "transient"]],
    [503, "<html>busy</html>", ["server-error", "transient"]],
    [504, { error: "gateway_timeout" }, ["server-error", "transient"]],
    [503, { error: "x", error_description: "AADSTS90055: x" }, ["throttled", "transient", "throttled"]],
    [200, "<html>captive</html>", ["invalid-answer", "transient"]],
    [400, object, ["connection-failed", "transient"]],
    [403, "<html>firewall</html>", ["connection-failed", "transient"]],
    [404, { error: "x" }, ["connection-failed", "transient"]],
    [407, "proxy", ["connection-failed", "transient"]],
    [400, { error: "invalid_scope" }, ["credential-rejected", "permanent"]],
    [
      400,
      { error: "invalid_tenant", error_description: "AADSTS90002: x" },
      ["credential-rejected", "permanent"],
    ],
    [
      401,
      { error: "invalid_client", error_description: "AADSTS700213: x" },
      ["federation-pending", "transient"],
    ],
  ])("%d %j", async (status, body, expected) => {
    const { evidence, message } = await failureOf({ status, body });
    expect(evidence).toMatchObject({ kind: "answer", status });
    expect(message).toContain(`answered ${status}`);
    expect(reasonOf(evidence)).toEqual(expected);
  });

  it("is the time that it asks to wait", async () => {
    const { evidence } = await failureOf({ status: 503, body: {}, headers: { "retry-after": "3" } });
    expect(evidence).toHaveProperty("retryAfterMs", 3_000);
  });

  it.each([
    ["ECONNREFUSED", "login.microsoftonline.com"],
    ["SELF_SIGNED_CERT_IN_CHAIN", "NODE_EXTRA_CA_CERTS"],
    ["ETIMEDOUT", "network policies"],
  ])("is the code of the connection: %s", async (code, word) => {
    const { evidence, message } = await failureOf(refused(code));
    expect(evidence).toEqual({ kind: "transport", code });
    expect(message).toBe(`No answer from Entra ID at login.microsoftonline.com: ${code}`);
    const { remedy, permanent } = classifyFailure(evidence, ENTRA);
    expect([remedy.includes(word), permanent]).toEqual([true, false]);
  });

  it("is what was thrown, where no answer came and no connection failed", async () => {
    writeFileSync(join(folder, "token"), "");
    const { evidence } = await failureOf();
    expect(evidence.kind).toBe("thrown");
  });

  it("is quoted without an assertion that Entra ID sent back", async () => {
    const assertion = unsignedToken(RIGHT, Date.now());
    const said = `AADSTS50027: JWT ${assertion} is malformed`;
    const failure = await failureOf({
      status: 401,
      body: { error: "invalid_client", error_description: said, client_assertion: assertion },
    });
    const shown = JSON.stringify([failure.message, failure.evidence, redactError(failure)]);
    expect(shown).toContain("AADSTS50027");
    expect(shown).not.toContain(assertion.split(".")[1]);
  });
});
