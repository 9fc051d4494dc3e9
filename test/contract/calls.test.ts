import {
  AggregateAuthenticationError,
  AuthenticationError,
  AuthenticationRequiredError,
  CredentialUnavailableError,
} from "@azure/identity";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { GuardErrorCode } from "../../src/errors.js";
import { CLIENT, SCOPE, stubEnvironment, TENANT, type Environment } from "./environment.js";
import { askGuarded, askSdk, askUnguarded, type Call, type Outcome, type Spec } from "./sides.js";
import { Simulators } from "./simulators.js";

vi.mock("../../src/guard/azure-identity.js", async () => {
  const { SDK: identity } = await import("./recording-sdk.js");
  return { azureIdentity: () => identity };
});

let at: Simulators;
beforeAll(async () => {
  at = await Simulators.start();
});
afterAll(async () => await at.close());

/** What is asked, on a plane where all is well. */
interface Plane {
  readonly does: string;
  readonly environment: () => Environment;
  readonly spec: () => Spec;
}

const PLANES: readonly Plane[] = [
  {
    does: "ManagedIdentityCredential",
    environment: () => at.onNode,
    spec: () => ({ of: "ManagedIdentityCredential" }),
  },
  {
    does: "DefaultAzureCredential",
    environment: () => ({ ...at.onNode, AZURE_TOKEN_CREDENTIALS: "prod" }),
    spec: () => ({ of: "DefaultAzureCredential" }),
  },
  {
    does: "DefaultAzureCredential with a client secret",
    environment: () => at.secret,
    spec: () => ({ of: "DefaultAzureCredential", options: at.trusting }),
  },
  {
    does: "WorkloadIdentityCredential",
    environment: () => ({}),
    spec: () => ({ of: "WorkloadIdentityCredential", options: at.injected }),
  },
];

const without = ({ error, shape }: Outcome): Outcome => ({
  ...(error && { error }),
  ...(shape && { shape }),
});

/** Both sides where guarding is off: what they came to, which must be the same. */
async function unguarded(spec: Spec, call: Call): Promise<Outcome> {
  const plain = await askSdk(spec, call);
  expect(without(await askUnguarded(spec, call))).toEqual(without(plain));
  return plain;
}

describe.each(PLANES)("$does, asked for scopes that are none", ({ environment, spec }) => {
  const BAD: readonly unknown[] = ["", " ", [], [""], undefined, null, 7, {}, [7], [undefined], [SCOPE, ""]];
  test.each(BAD.map((scopes) => ({ scopes })))("$scopes", async ({ scopes }) => {
    stubEnvironment(environment());
    await unguarded(spec(), { scopes });
    const { thrown } = await askGuarded(spec(), { scopes }, at.pinned);
    expect(thrown).toMatchObject({ name: "IdentityGuardError", code: "ERR_GUARD_CONFIGURATION" });
  });
});

describe.each(PLANES)("$does, called with", ({ environment, spec }) => {
  const ANY: readonly (readonly [does: string, options: () => unknown])[] = [
    ["undefined for options", () => undefined],
    ["null for options", () => null],
    ["no option", () => ({})],
    ["enableCae", () => ({ enableCae: true })],
    ["its own tenant", () => ({ tenantId: at.entra.identity.tenantId })],
    ["claims", () => ({ claims: '{"access_token":{"nbf":{"essential":true,"value":"1"}}}' })],
    ["a signal that is not aborted", () => ({ abortSignal: new AbortController().signal })],
    ["request options", () => ({ requestOptions: { timeout: 10_000 } })],
    ["tracing options", () => ({ tracingOptions: {} })],
    ["options of no meaning", () => ({ whatever: 1, abortSignal: undefined })],
  ];
  test.each(ANY)("%s, resolves with a token on either side", async (_does, options) => {
    stubEnvironment(environment());
    const call = { scopes: SCOPE, options: options() };
    expect(await unguarded(spec(), call)).toHaveProperty("token");
    expect(await askGuarded(spec(), call, at.pinned)).toHaveProperty("token");
  });

  test("a signal that is aborted, does where guarding is off what the SDK does, and rejects where it is on", async () => {
    stubEnvironment(environment());
    const call = { scopes: SCOPE, options: { abortSignal: AbortSignal.abort() } };
    await unguarded(spec(), call);
    // DESIGN section 3, rule 5.
    expect((await askGuarded(spec(), call, at.pinned)).thrown).toMatchObject({ name: "AbortError" });
  });
});

interface Failure {
  readonly does: string;
  readonly spec: () => Spec;
  readonly environment?: () => Environment;
  readonly call?: Call;
  /** The SDK's class. */
  readonly sdk: abstract new (...args: never[]) => Error;
  /** Ours, where guarding is on. */
  readonly code: GuardErrorCode;
}

const NOBODY = { AZURE_POD_IDENTITY_AUTHORITY_HOST: "http://127.0.0.1:1" };
const ONCE = { retryOptions: { maxRetries: 0 } };
const SEVERAL: Call = { scopes: [SCOPE, "https://storage.azure.com/.default"] };
const exchange = (options: object): (() => Spec) => {
  return () => ({ of: "WorkloadIdentityCredential", options: { ...at.injected, ...options } });
};
const FAILURES: readonly Failure[] = [
  {
    does: "nobody at the identity endpoint",
    spec: () => ({ of: "ManagedIdentityCredential", options: ONCE }),
    environment: () => NOBODY,
    sdk: CredentialUnavailableError,
    // Somebody may come to the address that was named; what cannot be routed is permanent off Kubernetes.
    code: "ERR_GUARD_BUDGET_SPENT",
  },
  {
    does: "nobody but at an address that was named",
    spec: () => ({ of: "DefaultAzureCredential", options: ONCE }),
    environment: () => NOBODY,
    sdk: AggregateAuthenticationError,
    code: "ERR_GUARD_BUDGET_SPENT",
  },
  {
    does: "no production credential",
    spec: () => ({ of: "DefaultAzureCredential", options: ONCE }),
    environment: () => ({ ...NOBODY, AZURE_TOKEN_CREDENTIALS: "prod" }),
    sdk: AggregateAuthenticationError,
    code: "ERR_GUARD_BUDGET_SPENT",
  },
  {
    does: "no developer credential",
    spec: () => ({ of: "DefaultAzureCredential" }),
    environment: () => ({ AZURE_TOKEN_CREDENTIALS: "dev" }),
    sdk: AggregateAuthenticationError,
    code: "ERR_GUARD_REJECTED",
  },
  {
    does: "an identity that App Service does not have",
    spec: () => ({ of: "ManagedIdentityCredential", clientId: CLIENT, options: ONCE }),
    environment: () => at.appService.environment,
    sdk: CredentialUnavailableError,
    // It may have been assigned a moment ago: refused for good 70 s later.
    code: "ERR_GUARD_BUDGET_SPENT",
  },
  {
    does: "several scopes for a managed identity",
    spec: () => ({ of: "ManagedIdentityCredential" }),
    call: SEVERAL,
    sdk: CredentialUnavailableError,
    code: "ERR_GUARD_CONFIGURATION",
  },
  {
    does: "a wrong client secret",
    spec: () => ({ of: "DefaultAzureCredential", options: at.trusting }),
    environment: () => ({ ...at.secret, AZURE_CLIENT_SECRET: "wrong" }),
    sdk: AuthenticationError,
    code: "ERR_GUARD_REJECTED",
  },
  {
    does: "an application that Entra ID does not know",
    spec: exchange({ clientId: CLIENT }),
    sdk: AuthenticationRequiredError,
    // Not yet, perhaps: it takes its time until all replicas know.
    code: "ERR_GUARD_BUDGET_SPENT",
  },
  {
    does: "a tenant that Entra ID does not know",
    spec: exchange({ tenantId: TENANT }),
    sdk: CredentialUnavailableError,
    code: "ERR_GUARD_REJECTED",
  },
  {
    does: "a tenant that was not allowed",
    spec: exchange({}),
    call: { scopes: SCOPE, options: { tenantId: TENANT } },
    sdk: CredentialUnavailableError,
    code: "ERR_GUARD_REJECTED",
  },
  {
    does: "no token file",
    spec: exchange({ tokenFilePath: "/nonexistent/token" }),
    sdk: AuthenticationRequiredError,
    code: "ERR_GUARD_BUDGET_SPENT",
  },
];

/** Ends soon where asking again might help: no retry fits. */
const SOON = { budgetMs: 300, minRetries: 0, delayMs: 10, maxDelayMs: 10 };

describe("a failure", () => {
  test.each(FAILURES)("of $does", async ({ spec, environment, call = { scopes: SCOPE }, sdk, code }) => {
    stubEnvironment(environment?.() ?? {});
    const plain = await unguarded(spec(), call);
    expect(plain.thrown).toBeInstanceOf(sdk);
    const { thrown } = await askGuarded(spec(), call, {
      ...at.pinned,
      retry: code === "ERR_GUARD_BUDGET_SPENT" ? SOON : undefined,
    });
    expect(thrown).toMatchObject({ name: "IdentityGuardError", code });
    // DESIGN section 4: a chain of credentials must not take it for one of those that it goes on after.
    for (const each of [CredentialUnavailableError, AuthenticationError, AuthenticationRequiredError]) {
      expect(thrown).not.toBeInstanceOf(each);
    }
  });
});
