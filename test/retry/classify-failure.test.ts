import { describe, expect, test } from "vitest";
import { IdentityGuardError } from "../../src/errors.js";
import { AttemptFailure, type FailureEvidence } from "../../src/retry/attempt-failure.js";
import {
  classifyFailure,
  type ClassificationContext,
  type Verdict,
} from "../../src/retry/classify-failure.js";

const gated: ClassificationContext = { plane: "nmi", inKubernetes: true, delegated: false };
const ungated: ClassificationContext = { plane: undefined, inKubernetes: true, delegated: false };
const sdk: ClassificationContext = { plane: "nmi", inKubernetes: true, delegated: true };
const sdkUngated: ClassificationContext = { plane: undefined, inKubernetes: true, delegated: true };
const laptop: ClassificationContext = { plane: undefined, inKubernetes: false, delegated: true };

type Answer = Extract<FailureEvidence, { kind: "answer" }>;

function answer(
  status: number,
  provenance: Answer["provenance"],
  text = "",
  more: Partial<Answer> = {},
): Answer {
  return { kind: "answer", status, provenance, text, ...more };
}

function imds(status: number, error = "", errorDescription = ""): Answer {
  const text = JSON.stringify({ error, error_description: errorDescription });
  return answer(status, "imds", text, { error, errorDescription });
}

const nmi = (status: number, text = "", more: Partial<Answer> = {}): Answer =>
  answer(status, "nmi", text, more);

const refresh = (status: number, body = ""): Answer =>
  nmi(
    403,
    `adal: Refresh request failed. Status Code = '${status}'. Response body: ${body} Endpoint http://x/`,
  );

function summary({ reason, permanent, throttled, limitMs }: Verdict): unknown[] {
  return [
    reason,
    permanent ? "permanent" : "transient",
    ...(throttled ? ["throttled"] : []),
    ...(limitMs === undefined ? [] : [limitMs]),
  ];
}

function thrown(error: unknown): FailureEvidence {
  return { kind: "thrown", error };
}

function named(name: string, message: string, fields: object = {}): Error {
  const error = new Error(message);
  return Object.assign(error, { name }, fields);
}

const unavailable = (message: string, cause?: unknown): Error =>
  named("CredentialUnavailableError", message, { cause });

const MULTIPLE =
  "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity";
const CREATED =
  "getting assigned identities for pod ns/app in CREATED state failed after 16 attempts, retry duration [5]s, error: <nil>.";

describe("answers of NMI under its gate", () => {
  test.each<[string, Answer, unknown[]]>([
    ["404, identity in CREATED", nmi(404, CREATED), ["assignment-pending", "transient"]],
    ["404, identity in ASSIGNED", nmi(404, "in ASSIGNED state failed"), ["assignment-pending", "transient"]],
    ["404 whose text is lost", nmi(404), ["assignment-pending", "transient"]],
    [
      "404, no binding",
      nmi(404, "no azure identity found for request clientID"),
      ["binding-not-found", "transient", 10_000],
    ],
    [
      "404, pod not in the cache",
      nmi(404, "pod ns/app doesn't exist"),
      ["pod-cache-lag", "transient", 30_000],
    ],
    [
      "503 in place of 404, pending",
      nmi(503, CREATED, { retryAfterMs: 20_000 }),
      ["assignment-pending", "transient"],
    ],
    [
      "503 in place of 404, text lost",
      nmi(503, "", { retryAfterMs: 20_000 }),
      ["assignment-pending", "transient"],
    ],
    [
      "503 in place of 404, no binding",
      nmi(503, "no azure identity found for request clientID", { retryAfterMs: 20_000 }),
      ["binding-not-found", "transient", 10_000],
    ],
    [
      "503, IMDS unreachable",
      nmi(503, "adal: Failed to execute the refresh request. Error = 'x'"),
      ["imds-unreachable", "transient"],
    ],
    ["503 whose text is lost", nmi(503), ["imds-unreachable", "transient"]],
    ["503, secret", nmi(503, "failed to get Kubernetes secret x"), ["server-error", "transient"]],
    ["500, pod list", nmi(500, "pod list is empty"), ["pod-cache-lag", "transient", 30_000]],
    [
      "500, pod IP",
      nmi(500, "failed to match pod IP 10.0.0.9 with []"),
      ["pod-cache-lag", "transient", 30_000],
    ],
    ["500 whose text is lost", nmi(500), ["server-error", "transient"]],
    [
      "403 around 400",
      refresh(400, `{"error_description":"Identity not found"}`),
      ["identity-not-found", "transient", 70_000],
    ],
    ["403 around 400 with another text", refresh(400), ["identity-not-found", "transient", 70_000]],
    ["403 around 404", refresh(404), ["imds-updating", "transient", "throttled"]],
    ["403 around 410", refresh(410), ["imds-updating", "transient", "throttled"]],
    ["403 around 429", refresh(429), ["throttled", "transient", "throttled"]],
    ["403 around 500", refresh(500), ["server-error", "transient", "throttled"]],
    ["403 around 511", refresh(511), ["server-error", "transient", "throttled"]],
    ["403 around 401", refresh(401), ["credential-rejected", "transient", 70_000]],
    [
      "403 around an expired secret",
      refresh(401, "AADSTS7000222: expired"),
      ["credential-rejected", "permanent"],
    ],
    ["403 around several identities", refresh(400, MULTIPLE), ["multiple-identities", "transient", 70_000]],
    [
      "403 around an unknown resource",
      refresh(400, `{"error":"invalid_resource"}`),
      ["resource-not-found", "permanent"],
    ],
    ["403 whose text is lost", nmi(403), ["server-error", "transient"]],
    [
      "403, unmarshal",
      nmi(403, "adal: Failed to unmarshal the service principal token"),
      ["invalid-answer", "transient"],
    ],
    ["400, no resource", nmi(400, "parameter resource cannot be empty"), ["invalid-request", "permanent"]],
    ["400 whose text is lost", nmi(400), ["invalid-request", "permanent"]],
    ["200 without a token", nmi(200, "", { defect: "no-token" }), ["invalid-answer", "transient"]],
  ])("%s", (_name, evidence, expected) => {
    expect(summary(classifyFailure(evidence, gated))).toEqual(expected);
  });
});

describe("answers of others under the NMI gate", () => {
  test.each<[string, Answer, unknown[]]>([
    ["IMDS, several identities", imds(400, "invalid_request", MULTIPLE), ["bypass", "transient"]],
    ["IMDS, identity not found", imds(400, "invalid_request", "Identity not found"), ["bypass", "transient"]],
    ["IMDS, any refusal", imds(400, "invalid_resource", "AADSTS50001: x"), ["bypass", "transient"]],
    ["IMDS, throttled", imds(429), ["bypass", "transient", "throttled"]],
    ["IMDS, updating", imds(410), ["bypass", "transient", "throttled"]],
    [
      "IMDS, a success without a token",
      answer(200, "imds", "", { defect: "not-json" }),
      ["bypass", "transient"],
    ],
    [
      "several identities behind a mesh",
      { ...imds(400, "invalid_request", MULTIPLE), provenance: "unknown" },
      ["bypass", "transient"],
    ],
    [
      "identity not found behind a mesh",
      { ...imds(400, "invalid_request", "Identity not found"), provenance: "unknown" },
      ["bypass", "transient"],
    ],
    [
      "several identities without Server",
      { ...imds(400, "invalid_request", MULTIPLE), provenance: "nmi" },
      ["bypass", "transient"],
    ],
    ["the proxy", answer(500, "proxy", "AADSTS700016: x"), ["wrong-plane", "transient"]],
    ["401 of nobody known", answer(401, "unknown"), ["credential-error", "transient"]],
    ["418 of nobody known", answer(418, "unknown"), ["credential-error", "transient"]],
  ])("%s", (_name, evidence, expected) => {
    expect(summary(classifyFailure(evidence, gated))).toEqual(expected);
  });
});

describe("answers without an NMI gate", () => {
  test.each<[string, Answer, unknown[]]>([
    ["several identities", imds(400, "invalid_request", MULTIPLE), ["multiple-identities", "permanent"]],
    [
      "identity not found",
      imds(400, "invalid_request", "Identity not found"),
      ["identity-not-found", "transient", 70_000],
    ],
    [
      "unknown resource",
      imds(400, "invalid_resource", "AADSTS50001: x"),
      ["resource-not-found", "permanent"],
    ],
    [
      "any other 400",
      imds(400, "invalid_request", "Required metadata header not specified"),
      ["invalid-request", "permanent"],
    ],
    ["401", imds(401, "unknown_source"), ["credential-rejected", "permanent"]],
    ["403", imds(403, "access_denied"), ["credential-rejected", "permanent"]],
    ["404", imds(404), ["imds-updating", "transient"]],
    ["408", imds(408), ["timeout", "transient"]],
    ["410", imds(410), ["imds-updating", "transient", "throttled"]],
    ["429", imds(429), ["throttled", "transient", "throttled"]],
    ["500", imds(500, "unknown"), ["server-error", "transient"]],
    ["503", imds(503), ["server-error", "transient"]],
    ["302", answer(302, "unknown"), ["invalid-answer", "transient"]],
    [
      "proxy, federated credential missing",
      answer(500, "proxy", "AADSTS70021: x"),
      ["federation-pending", "transient", 180_000],
    ],
    [
      "proxy, no client id",
      answer(400, "proxy", "The client_id parameter must be set"),
      ["invalid-request", "permanent"],
    ],
  ])("%s", (_name, evidence, expected) => {
    expect(summary(classifyFailure(evidence, ungated))).toEqual(expected);
  });
});

describe("evidence that speaks for itself", () => {
  test.each<[FailureEvidence, unknown[]]>([
    [{ kind: "timeout", afterMs: 15_000 }, ["timeout", "transient"]],
    [{ kind: "wrong-plane", provenance: "imds" }, ["wrong-plane", "transient"]],
    [{ kind: "mismatch", mismatches: [] }, ["identity-mismatch", "transient"]],
    [{ kind: "unverifiable", problem: "x" }, ["token-unverifiable", "permanent"]],
    [{ kind: "expiring", lifeMs: 5 }, ["token-expired", "transient"]],
    [{ kind: "gate-closed", gateReason: "health-refused" }, ["gate-closed", "transient"]],
    [{ kind: "no-token" }, ["no-token", "permanent"]],
    [{ kind: "transport", code: "ECONNREFUSED" }, ["connection-failed", "transient"]],
    [{ kind: "transport", code: "ETIMEDOUT" }, ["timeout", "transient"]],
    [{ kind: "transport", code: "EHOSTUNREACH" }, ["connection-failed", "transient"]],
    [{ kind: "transport", code: "HPE_INVALID_CONSTANT" }, ["connection-failed", "transient"]],
  ])("%j", (evidence, expected) => {
    expect(summary(classifyFailure(evidence, gated))).toEqual(expected);
  });

  test("an unroutable endpoint outside of Kubernetes is no source at all", () => {
    const evidence = { kind: "transport", code: "EHOSTUNREACH" } as const;
    expect(summary(classifyFailure(evidence, { ...laptop, delegated: false }))).toEqual([
      "no-identity-source",
      "permanent",
    ]);
  });
});

describe("errors of the Azure SDK", () => {
  const networkError = named(
    "ClientAuthError",
    "network_error: See https://aka.ms/msal.js.errors#network_error",
    {
      errorCode: "network_error",
    },
  );
  const multiple = unavailable(
    `ManagedIdentityCredential: Authentication failed. Message invalid_request: Error(s): Not Available - Description: ${MULTIPLE}`,
    named("ServerError", `invalid_request: ${MULTIPLE}`, { errorCode: "invalid_request" }),
  );
  const clientError = (status: number, body: string, server = ""): Error =>
    unavailable(
      `client_error: Http status code: ${status} Body: ${body} Headers: {"content-type":"text/plain"${server}}`,
      named("ServerError", "", { errorCode: "client_error" }),
    );

  test.each<[string, unknown, ClassificationContext, unknown[]]>([
    [
      "4.13: any text of NMI is lost",
      unavailable("ManagedIdentityCredential: Network unreachable.", networkError),
      sdk,
      ["connection-failed", "transient"],
    ],
    ["4.13: several identities, gated", multiple, sdk, ["bypass", "transient"]],
    ["4.13: several identities", multiple, sdkUngated, ["multiple-identities", "permanent"]],
    [
      "4.13: empty answer",
      unavailable(
        "Authentication failed. Message Cannot read properties of undefined",
        new TypeError("Cannot read properties of undefined (reading 'expires_on')"),
      ),
      sdk,
      ["credential-error", "transient"],
    ],
    [
      "4.13: 400 whose description is lost",
      unavailable("x", named("ServerError", "", { errorCode: "invalid_request" })),
      sdk,
      ["invalid-request", "transient", 70_000],
    ],
    ["4.14: NMI's 404", clientError(404, CREATED), sdk, ["assignment-pending", "transient"]],
    [
      "4.14: NMI's 403",
      clientError(403, "adal: Refresh request failed. Status Code = '429'."),
      sdk,
      ["throttled", "transient", "throttled"],
    ],
    [
      "4.14: NMI's 403 around an unknown identity",
      clientError(403, "adal: Refresh request failed. Status Code = '400'. Identity not found"),
      sdk,
      ["identity-not-found", "transient", 70_000],
    ],
    [
      "4.14: IMDS under the gate",
      clientError(404, "", ',"server":"IMDS/150.870.65.1854"'),
      sdk,
      ["bypass", "transient"],
    ],
    [
      "4.14: a server error",
      unavailable("x", named("ServerError", "", { errorCode: "server_error" })),
      sdk,
      ["server-error", "transient"],
    ],
    [
      "a federated credential that propagates",
      named("AuthenticationError", "invalid_client Status code: 400\nAADSTS700213: No matching federated", {
        statusCode: 400,
      }),
      sdkUngated,
      ["federation-pending", "transient", 180_000],
    ],
    [
      "its code without its text",
      named("AuthenticationError", "", {
        statusCode: 401,
        errorResponse: { error: "invalid_client", errorCodes: [700213] },
      }),
      sdkUngated,
      ["federation-pending", "transient", 180_000],
    ],
    [
      "MSAL's error number",
      named("ServerError", "", { errorCode: "invalid_client", errorNo: "70021" }),
      sdkUngated,
      ["federation-pending", "transient", 180_000],
    ],
    [
      "invalid_client without a code",
      named("AuthenticationError", "", { statusCode: 401, errorResponse: { error: "invalid_client" } }),
      sdkUngated,
      ["credential-rejected", "transient", 180_000],
    ],
    [
      "a wrong secret",
      named("AuthenticationError", "AADSTS7000215: Invalid client secret", { statusCode: 401 }),
      sdkUngated,
      ["credential-rejected", "permanent"],
    ],
    [
      "an old assertion",
      named("AuthenticationError", "AADSTS700024: Client assertion", { statusCode: 401 }),
      sdkUngated,
      ["assertion-expired", "transient", 360_000],
    ],
    [
      "an application that is not known",
      new Error("AADSTS700016: x"),
      sdkUngated,
      ["application-not-found", "transient", 180_000],
    ],
    [
      "invalid_grant",
      named("AuthenticationError", "", { statusCode: 400, errorResponse: { error: "invalid_grant" } }),
      sdkUngated,
      ["credential-rejected", "permanent"],
    ],
    [
      "sign-in needed",
      named("AuthenticationRequiredError", "Automatic authentication has been disabled."),
      sdk,
      ["credential-rejected", "permanent"],
    ],
    [
      "429 by status alone",
      named("RestError", "", { statusCode: 429 }),
      sdk,
      ["throttled", "transient", "throttled"],
    ],
    [
      "429 by its response alone",
      named("RestError", "", { response: { status: 429 } }),
      sdk,
      ["throttled", "transient", "throttled"],
    ],
    [
      "a system error deep in the chain",
      new Error("a", { cause: new Error("b", { cause: named("Error", "", { code: "ECONNRESET" }) }) }),
      sdk,
      ["connection-failed", "transient"],
    ],
    [
      "a chain, by its members",
      named("AggregateAuthenticationError", "", {
        errors: [unavailable("EnvironmentCredential is unavailable."), multiple],
      }),
      sdkUngated,
      ["multiple-identities", "permanent"],
    ],
    ["anything else", new Error("whatever"), sdk, ["credential-error", "transient"]],
  ])("%s", (_name, error, context, expected) => {
    expect(summary(classifyFailure(thrown(error), context))).toEqual(expected);
  });
});

/** All of these are AuthenticationRequiredErrors of 4.13.1, measured; their text is all that is left of the answer. */
describe("errors that the Azure SDK calls a missing sign-in", () => {
  const entra: ClassificationContext = {
    plane: "workload-identity",
    inKubernetes: true,
    delegated: true,
    entra: true,
  };
  const required = (message: string): Error => named("AuthenticationRequiredError", message);
  const told = (error: string, codes: string, description: string): Error =>
    required(
      `${error}: Error(s): ${codes} - Timestamp: Not Available - Description: ${description} - Correlation ID: Not Available - Trace ID: Not Available`,
    );
  const code = (digits: number, error = "invalid_client"): Error =>
    told(error, String(digits), `AADSTS${digits}: x`);

  test.each<[string, Error, unknown[]]>([
    ["70021", code(70_021, "invalid_request"), ["federation-pending", "transient", 180_000]],
    ["700211", code(700_211), ["federation-pending", "transient", 180_000]],
    ["700212", code(700_212), ["federation-pending", "transient", 180_000]],
    ["700213", code(700_213), ["federation-pending", "transient", 180_000]],
    ["7002121", code(7_002_121), ["federation-pending", "transient", 180_000]],
    ["700024", code(700_024), ["assertion-expired", "transient", 360_000]],
    ["90061", code(90_061, "invalid_request"), ["server-error", "transient", 180_000]],
    ["7000272", code(7_000_272), ["federation-pending", "transient", 180_000]],
    ["700016", code(700_016, "unauthorized_client"), ["application-not-found", "transient", 180_000]],
    ["7000229", code(7_000_229), ["application-not-found", "transient", 180_000]],
    ["90033", code(90_033, "temporarily_unavailable"), ["server-error", "transient"]],
    ["90055", code(90_055), ["throttled", "transient", "throttled"]],
    ["50196", code(50_196), ["throttled", "transient", "throttled"]],
    ["50001", code(50_001, "invalid_resource"), ["resource-not-found", "permanent"]],
    ["500011", code(500_011, "invalid_resource"), ["resource-not-found", "permanent"]],
    ["700027", code(700_027), ["credential-rejected", "permanent"]],
    ["50027", code(50_027), ["credential-rejected", "permanent"]],
    ["1002012", code(1_002_012, "invalid_scope"), ["credential-rejected", "permanent"]],
    ["90002", code(90_002, "invalid_tenant"), ["credential-rejected", "permanent"]],
    ["90013", code(90_013, "invalid_request"), ["credential-rejected", "permanent"]],
    ["900021", code(900_021, "invalid_request"), ["credential-rejected", "permanent"]],
    [
      "no code, invalid_client",
      told("invalid_client", "Not Available", "x"),
      ["credential-rejected", "transient", 180_000],
    ],
    ["no code, server_error", told("server_error", "Not Available", "x"), ["server-error", "transient"]],
    [
      "no code, invalid_scope",
      told("invalid_scope", "Not Available", "x"),
      ["credential-rejected", "permanent"],
    ],
    [
      "a connection that failed, or no JSON",
      required("network_error: See https://aka.ms/msal.js.errors#network_error for details"),
      ["connection-failed", "transient"],
    ],
    [
      "an answer without a token",
      required('Response had no "expiresOn" property.'),
      ["invalid-answer", "transient", 70_000],
    ],
    [
      "a file that is gone",
      required(
        "ENOENT: no such file or directory, open '/var/run/secrets/azure/tokens/azure-identity-token'",
      ),
      ["credential-error", "transient"],
    ],
    [
      "discovery that failed",
      unavailable(
        "endpoints_resolution_error: See https://aka.ms/msal.js.errors#endpoints_resolution_error for details",
      ),
      ["connection-failed", "transient"],
    ],
    [
      "another tenant",
      unavailable("The current credential is not configured to acquire tokens for tenant 4. To enable"),
      ["credential-rejected", "permanent"],
    ],
    [
      "an error that nobody knows, where nobody can sign in",
      told("too_many_requests", "Not Available", "Not Available"),
      ["credential-error", "transient"],
    ],
    ["nothing", required("No response."), ["credential-error", "transient"]],
  ])("%s", (_name, error, expected) => {
    expect(summary(classifyFailure(thrown(error), entra))).toEqual(expected);
  });

  test("a wrong tenant is told as one", () => {
    for (const digits of [90_002, 90_013, 900_021, 900_023]) {
      const { remedy } = classifyFailure(thrown(code(digits, "invalid_request")), entra);
      expect(remedy).toContain("AZURE_TENANT_ID");
    }
  });

  test("are said to be Entra ID's, with its address in the remedy", () => {
    const verdict = classifyFailure(
      thrown(required("network_error: See https://aka.ms/msal.js.errors#x")),
      entra,
    );
    expect(verdict.meaning).toContain("Entra ID");
    expect(verdict.remedy).toContain("AZURE_AUTHORITY_HOST");
    expect(classifyFailure({ kind: "timeout", afterMs: 1 }, entra).meaning).toContain("Entra ID");
  });
});

/** Text and status of 4.13.1, measured: EnvironmentCredential puts 400 over whatever failed inside it. */
describe("errors of EnvironmentCredential", () => {
  const failed = (inner: string): Error => {
    const error =
      "EnvironmentCredential authentication failed. To troubleshoot, visit https://aka.ms/azsdk/js/identity/environmentcredential/troubleshoot.";
    return named("AuthenticationError", `${error} Status code: 400\nMore details:\n${inner},`, {
      statusCode: 400,
      errorResponse: { error, errorDescription: inner },
    });
  };
  const networkError = "network_error: See https://aka.ms/msal.js.errors#network_error for details";

  test.each<[string, unknown, unknown[]]>([
    ["no connection", failed(networkError), ["connection-failed", "transient"]],
    [
      "no connection, on one line",
      new Error(failed(networkError).message.replaceAll("\n", " ")),
      ["connection-failed", "transient"],
    ],
    ["nothing known", failed("something else"), ["credential-error", "transient"]],
    ["a code", failed("invalid_client: AADSTS7000215: x"), ["credential-rejected", "permanent"]],
    ["an answer's own status", failed("unknown_error Status code: 503\n\nx"), ["server-error", "transient"]],
    [
      "in a chain",
      named("AggregateAuthenticationError", `x\n${failed(networkError).message}`, {
        errors: [failed(networkError)],
      }),
      ["connection-failed", "transient"],
    ],
  ])("%s", (_name, error, expected) => {
    for (const context of [sdkUngated, { ...sdkUngated, entra: true }]) {
      expect(summary(classifyFailure(thrown(error), context))).toEqual(expected);
    }
  });
});

describe("who did not answer", () => {
  const entra = { ...sdkUngated, entra: true };
  const proxied: ClassificationContext = { ...ungated, plane: "proxy" };
  const appService: ClassificationContext = { ...laptop, namesSource: true };
  const planes: readonly (readonly [string, ClassificationContext, RegExp])[] = [
    ["NMI", gated, /\bNMI\b/u],
    ["the migration proxy", proxied, /migration proxy/u],
    ["Entra ID", entra, /Entra ID/u],
    ["App Service", appService, /identity endpoint/u],
    ["IMDS", ungated, /identity endpoint/u],
  ];
  const silent: readonly FailureEvidence[] = [
    { kind: "timeout", afterMs: 1 },
    { kind: "transport", code: "ETIMEDOUT" },
    { kind: "transport", code: "ECONNREFUSED" },
    { kind: "transport", code: "ESOMETHING" },
    thrown(unavailable("x", named("ClientAuthError", "", { errorCode: "ECONNRESET" }))),
  ];

  test.each(planes)("is said to be %s, and nobody else", (name, context, says) => {
    for (const evidence of silent) {
      const { meaning, remedy } = classifyFailure(evidence, context);
      expect(meaning).toMatch(says);
      if (name !== "NMI") expect(`${meaning} ${remedy}`).not.toMatch(/\bNMI\b|2579|MIC pods/u);
    }
  });

  test("a certificate that is not trusted is told with what makes it so", () => {
    for (const code of ["SELF_SIGNED_CERT_IN_CHAIN", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"]) {
      const verdict = classifyFailure({ kind: "transport", code }, entra);
      expect(summary(verdict)).toEqual(["connection-failed", "transient"]);
      expect(verdict.remedy).toContain("NODE_EXTRA_CA_CERTS");
    }
  });

  test("what MSAL hides is told with all that it may be", () => {
    const hidden = unavailable(
      "endpoints_resolution_error: See https://aka.ms/msal.js.errors#endpoints_resolution_error for details",
    );
    const { remedy } = classifyFailure(thrown(hidden), entra);
    for (const name of ["AZURE_TENANT_ID", "AZURE_AUTHORITY_HOST", "NODE_EXTRA_CA_CERTS"]) {
      expect(remedy).toContain(name);
    }
  });
});

describe("answers under the proxy gate", () => {
  const proxied: ClassificationContext = { plane: "proxy", inKubernetes: true, delegated: false };
  test.each<[string, Answer, unknown[]]>([
    [
      "the proxy's own, with a code",
      answer(500, "proxy", "AADSTS700213: x"),
      ["federation-pending", "transient", 180_000],
    ],
    [
      "the proxy's own, for good",
      answer(500, "proxy", "AADSTS700027: x"),
      ["credential-rejected", "permanent"],
    ],
    ["the proxy's own, without", answer(500, "proxy", "x"), ["server-error", "transient"]],
    [
      "the proxy's refusal of the form",
      answer(400, "proxy", "The resource parameter is required."),
      ["invalid-request", "permanent"],
    ],
    ["IMDS", imds(400, "invalid_request", MULTIPLE), ["bypass", "transient"]],
    ["IMDS, throttled", imds(429), ["bypass", "transient", "throttled"]],
    ["NMI, or nobody who says so", nmi(404), ["wrong-plane", "transient"]],
    ["somebody else", answer(502, "unknown"), ["wrong-plane", "transient"]],
  ])("%s", (_name, evidence, expected) => {
    expect(summary(classifyFailure(evidence, proxied))).toEqual(expected);
  });

  test("are told with the proxy's remedy", () => {
    expect(classifyFailure(imds(400), proxied).remedy).toContain("azwi-proxy-init");
    expect(classifyFailure({ kind: "wrong-plane", provenance: "imds" }, proxied).remedy).toContain(
      "azwi-proxy-init",
    );
  });

  test("of an error that does not say who answered, nothing is concluded", () => {
    const context = { ...proxied, delegated: true };
    expect(classifyFailure(thrown(new Error("AADSTS700213: x")), context).reason).toBe("federation-pending");
  });
});

describe("errors of wrapped credentials", () => {
  const fetchFailed = new TypeError("fetch failed", {
    cause: named("Error", "connect", { code: "ECONNREFUSED" }),
  });

  test.each<[string, unknown, unknown[]]>([
    ["a TypeError", new TypeError("x is not a function"), ["credential-error", "permanent"]],
    ["a RangeError", new RangeError("x"), ["credential-error", "permanent"]],
    ["a ReferenceError", new ReferenceError("x"), ["credential-error", "permanent"]],
    [
      "a SyntaxError of a garbled answer",
      new SyntaxError("Unexpected token"),
      ["credential-error", "transient"],
    ],
    ["a failed fetch", fetchFailed, ["connection-failed", "transient"]],
    [
      "a TypeError around a broken connection",
      new TypeError("x", { cause: named("Error", "", { code: "ECONNRESET" }) }),
      ["connection-failed", "transient"],
    ],
    ["a failed fetch whose cause is lost", new TypeError("fetch failed"), ["credential-error", "transient"]],
    ["a time limit of its own", new DOMException("x", "TimeoutError"), ["timeout", "transient"]],
    ["text", "Identity not found", ["identity-not-found", "transient", 70_000]],
    ["null", null, ["credential-error", "transient"]],
    ["undefined", undefined, ["credential-error", "transient"]],
    [
      "evidence of our own inside",
      new Error("x", { cause: new AttemptFailure("x", nmi(404, "pod ns/a doesn't exist")) }),
      ["pod-cache-lag", "transient", 30_000],
    ],
    [
      "a guard inside that refused",
      new IdentityGuardError("ERR_GUARD_CLOSED", "x", { attempts: [], waitedMs: 0 }),
      ["credential-error", "permanent"],
    ],
    [
      "a guard inside that ran out of time",
      new IdentityGuardError("ERR_GUARD_BYPASS", "x", { attempts: [], waitedMs: 0, reason: "bypass" }),
      ["credential-error", "transient"],
    ],
  ])("%s", (_name, error, expected) => {
    expect(summary(classifyFailure(thrown(error), sdkUngated))).toEqual(expected);
  });

  test("a cyclic chain is read once", () => {
    const error: Error & { cause?: unknown } = new Error("x");
    error.cause = new AggregateError([error], "pod list is empty", { cause: error });
    expect(classifyFailure(thrown(error), sdk).reason).toBe("pod-cache-lag");
  });

  test("evidence that holds itself ends", () => {
    const evidence: { kind: "thrown"; error: unknown } = { kind: "thrown", error: undefined };
    evidence.error = new AttemptFailure("x", evidence);
    expect(classifyFailure(evidence, sdk).reason).toBe("credential-error");
  });

  test("getters and proxies that throw are no reason to fail", () => {
    const explode = (): never => {
      throw new Error("no");
    };
    const hostile: unknown = new Proxy(new Error("x"), {
      get: explode,
      getPrototypeOf: explode,
      has: explode,
    });
    const getter = Object.defineProperty(new Error("x"), "code", { get: explode });
    expect(classifyFailure(thrown(hostile), sdk).reason).toBe("credential-error");
    expect(classifyFailure(thrown(getter), sdk).reason).toBe("credential-error");
  });
});

describe("outside of Kubernetes, without a gate", () => {
  const networkError = named("ClientAuthError", "", { errorCode: "network_error" });
  const nothing = named("AggregateAuthenticationError", "x", { errors: [] });
  const told = (error: string): Error =>
    unavailable(
      `ManagedIdentityCredential: Authentication failed. Message ${error}: Error(s): Not Available - Timestamp: x`,
    );
  const chain = (member: Error): Error =>
    named(
      "AggregateAuthenticationError",
      `ChainedTokenCredential authentication failed.\n${member.message}`,
      {
        errors: [unavailable("EnvironmentCredential is unavailable."), member],
      },
    );

  test.each<[string, unknown, unknown[]]>([
    ["no credential of the chain", nothing, ["no-identity-source", "permanent"]],
    ["no managed identity", unavailable("x", networkError), ["no-identity-source", "permanent"]],
    [
      "no IMDS, as the chain's probe says",
      chain(unavailable("Attempted to use the IMDS endpoint, but it is not available.")),
      ["no-identity-source", "permanent"],
    ],
    [
      "a reason that says more",
      unavailable("Identity not found"),
      ["identity-not-found", "transient", 70_000],
    ],
    ["a reason that lasts", chain(unavailable(MULTIPLE)), ["multiple-identities", "permanent"]],
    [
      "a service that can be asked again",
      named("AuthenticationError", "", { statusCode: 503 }),
      ["server-error", "transient"],
    ],
    ["a refusal that passes", told("temporarily_unavailable"), ["server-error", "transient"]],
    ["a refusal without a meaning", told("too_many_requests"), ["credential-error", "transient"]],
    [
      "4.14: 429",
      unavailable('client_error: Http status code: 429 Body: slow Headers: {"server":"x"}'),
      ["throttled", "transient", "throttled"],
    ],
    [
      "an answer without JSON, after the chain's probe was answered",
      chain(unavailable("ManagedIdentityCredential: Network unreachable.", networkError)),
      ["connection-failed", "transient"],
    ],
  ])("%s fails at once or not", (_name, error, expected) => {
    expect(summary(classifyFailure(thrown(error), laptop))).toEqual(expected);
  });

  test("nothing is missing under a gate, or where the environment names a source", () => {
    const unroutable = { kind: "transport", code: "EHOSTUNREACH" } as const;
    for (const more of [{ plane: "nmi" }, { namesSource: true }] as const) {
      const context = { ...laptop, ...more };
      for (const error of [unavailable("x"), unavailable("x", networkError), nothing]) {
        const { permanent, remedy } = classifyFailure(thrown(error), context);
        expect(permanent).toBe(false);
        expect(remedy).not.toContain("developer tool");
      }
      expect(classifyFailure(unroutable, context).permanent).toBe(false);
    }
  });
});

test("nothing of the evidence gets into a verdict", () => {
  const secret = "s3cr3t";
  const verdicts = [
    classifyFailure(nmi(404, `${CREATED} ${secret}`), gated),
    classifyFailure(thrown(new Error(secret)), sdk),
    classifyFailure({ kind: "transport", code: secret }, gated),
  ];
  expect(JSON.stringify(verdicts)).not.toContain(secret);
});
