import type { DefaultAzureCredentialEnvVars } from "@azure/identity";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { redact } from "../../src/identity/redact.js";
import type { GuardedCredential } from "../../src/guard/guarded-credential.js";
import { CLASS_NAMES, describeError, OURS, thrownBy, type Classes, type Make } from "./classes.js";
import { forgetManagedIdentity, made, SDK } from "./recording-sdk.js";
import { shapeOf } from "./shape.js";
import {
  CLIENT,
  EXPECTING,
  IN_KUBERNETES,
  OBJECT,
  SCOPE,
  SECRET,
  OTHER_CLIENT,
  RESOURCE_ID,
  stubEnvironment,
  TENANT,
  type Environment,
} from "./environment.js";

vi.mock("../../src/guard/azure-identity.js", async () => {
  const { SDK: identity } = await import("./recording-sdk.js");
  return { azureIdentity: () => identity };
});

interface Row {
  readonly given: string;
  readonly make: Make;
  readonly environment?: Environment;
}

const COMMON = {
  authorityHost: "https://login.microsoftonline.us",
  retryOptions: { maxRetries: 1, retryDelayInMs: 5 },
  userAgentOptions: { userAgentPrefix: "app" },
  loggingOptions: { allowLoggingAccountIdentifiers: true, enableUnsafeSupportLogging: true },
  proxyOptions: { host: "http://proxy.example", port: 8080 },
  tlsOptions: { ca: "one" },
  redirectOptions: { maxRetries: 0 },
  additionalPolicies: [],
  allowInsecureConnection: false,
  httpClient: { sendRequest: async () => await Promise.reject(new Error("unused")) },
};
/** What only JavaScript can give. */
const untyped = (value: unknown): object => value as object;
const text = (value: unknown): string => value as string;

const DEFAULT: readonly Row[] = [
  { given: "nothing", make: (from) => new from.DefaultAzureCredential() },
  { given: "undefined", make: (from) => new from.DefaultAzureCredential(undefined) },
  { given: "null", make: (from) => new from.DefaultAzureCredential(untyped(null)) },
  { given: "no option", make: (from) => new from.DefaultAzureCredential({}) },
  ...[
    { managedIdentityClientId: CLIENT },
    { managedIdentityClientId: "" },
    { managedIdentityClientId: undefined },
    { workloadIdentityClientId: CLIENT },
    { managedIdentityClientId: CLIENT, workloadIdentityClientId: OTHER_CLIENT },
    { managedIdentityResourceId: RESOURCE_ID },
    { managedIdentityResourceId: "" },
    { managedIdentityClientId: CLIENT, managedIdentityResourceId: RESOURCE_ID },
    { tenantId: TENANT },
    { tenantId: "not a tenant" },
    { tenantId: TENANT, workloadIdentityClientId: CLIENT },
    { additionallyAllowedTenants: ["*"] },
    { additionallyAllowedTenants: [TENANT] },
    { processTimeoutInMs: 1_000 },
    { disableInstanceDiscovery: true },
    { disableInstanceDiscovery: false },
    { requiredEnvVars: [] },
    COMMON,
  ].map((options) => ({
    given: JSON.stringify(options),
    make: (from: Classes) => new from.DefaultAzureCredential(untyped({ ...options })),
  })),
];

const MANAGED: readonly Row[] = [
  { given: "nothing", make: (from) => new from.ManagedIdentityCredential() },
  { given: "undefined", make: (from) => new from.ManagedIdentityCredential(undefined) },
  { given: "null", make: (from) => new from.ManagedIdentityCredential(untyped(null)) },
  { given: "a text", make: (from) => new from.ManagedIdentityCredential(CLIENT) },
  { given: "an empty text", make: (from) => new from.ManagedIdentityCredential("") },
  { given: "a text and options", make: (from) => new from.ManagedIdentityCredential(CLIENT, { ...COMMON }) },
  {
    given: "a text and another in the options",
    make: (from) => new from.ManagedIdentityCredential(CLIENT, untyped({ clientId: OTHER_CLIENT })),
  },
  {
    given: "an empty text and options",
    make: (from) => new from.ManagedIdentityCredential("", { ...COMMON }),
  },
  {
    given: "undefined and options, which do not count then",
    make: (from) => new from.ManagedIdentityCredential(text(undefined), { ...COMMON }),
  },
  ...[
    {},
    { clientId: CLIENT },
    { clientId: "" },
    { clientId: undefined, ...COMMON },
    { clientId: null, ...COMMON },
    { clientId: null, resourceId: RESOURCE_ID },
    { resourceId: RESOURCE_ID },
    { resourceId: "" },
    { objectId: OBJECT },
    { clientId: "", objectId: OBJECT },
    { clientId: CLIENT, resourceId: "" },
    { clientId: CLIENT, ...COMMON },
    { resourceId: RESOURCE_ID, ...COMMON },
    { objectId: OBJECT, ...COMMON },
  ].map((options) => ({
    given: JSON.stringify(options),
    make: (from: Classes) => new from.ManagedIdentityCredential(untyped({ ...options })),
  })),
];

const IN_POD = { ...IN_KUBERNETES, ...SECRET };
const NAMED = { clientId: CLIENT, tenantId: TENANT, tokenFilePath: "/nonexistent/token" };
const WORKLOAD: readonly Row[] = [
  NAMED,
  { ...NAMED, additionallyAllowedTenants: ["*"] },
  { ...NAMED, disableInstanceDiscovery: true },
  { ...NAMED, ...COMMON },
  { ...NAMED, tenantId: "contoso.onmicrosoft.com" },
].map((options) => ({
  given: JSON.stringify(options),
  make: (from: Classes) => new from.WorkloadIdentityCredential({ ...options }),
}));

const ID_PAIRS: readonly Row[] = [
  { clientId: CLIENT, resourceId: RESOURCE_ID },
  { clientId: CLIENT, objectId: OBJECT },
  { resourceId: RESOURCE_ID, objectId: OBJECT },
  { clientId: CLIENT, resourceId: RESOURCE_ID, objectId: OBJECT },
].map((options) => ({
  given: Object.keys(options).join(" and "),
  make: (from: Classes) => new from.ManagedIdentityCredential(untyped({ ...options })),
}));
const FABRIC = {
  IDENTITY_ENDPOINT: "https://127.0.0.1:1/token",
  IDENTITY_HEADER: "h",
  IDENTITY_SERVER_THUMBPRINT: "t",
};
const CLOUD_SHELL = { MSI_ENDPOINT: "http://127.0.0.1:1/token" };
const required = (names: unknown): Make => {
  const options = { requiredEnvVars: names as DefaultAzureCredentialEnvVars[] };
  return (from) => new from.DefaultAzureCredential({ ...options });
};
const NOT_INJECTED: readonly Row[] = [
  { given: "no client ID", make: (from) => new from.WorkloadIdentityCredential() },
  { given: "null", make: (from) => new from.WorkloadIdentityCredential(untyped(null)) },
  {
    given: "no tenant",
    make: (from) => new from.WorkloadIdentityCredential({ clientId: CLIENT, tokenFilePath: "/token" }),
  },
  {
    given: "no token file",
    make: (from) => new from.WorkloadIdentityCredential({ clientId: CLIENT, tenantId: TENANT }),
  },
  {
    given: "a tenant that is none",
    make: (from) => new from.WorkloadIdentityCredential({ ...NAMED, tenantId: "not a tenant" }),
  },
];
const REFUSED: readonly Row[] = [
  ...ID_PAIRS,
  {
    given: "a text and a resource ID",
    make: (from) => new from.ManagedIdentityCredential(CLIENT, untyped({ resourceId: RESOURCE_ID })),
  },
  ...[FABRIC, CLOUD_SHELL].flatMap((environment) =>
    [{ clientId: CLIENT }, { resourceId: RESOURCE_ID }, { objectId: OBJECT }].map((options) => ({
      given: `${Object.keys(options)[0] ?? ""} in ${environment === FABRIC ? "Service Fabric" : "Cloud Shell"}`,
      make: (from: Classes) => new from.ManagedIdentityCredential(untyped({ ...options })),
      environment,
    })),
  ),
  ...NOT_INJECTED,
  { given: "one variable that is required and not set", make: required("AZURE_CLIENT_ID") },
  {
    given: "several variables that are required and not set",
    make: required(["AZURE_CLIENT_ID", "AZURE_TOKEN_CREDENTIALS"]),
  },
  {
    given: "a variable that is required and empty",
    make: required(["AZURE_CLIENT_ID"]),
    environment: { AZURE_CLIENT_ID: "" },
  },
  {
    given: "a variable of the application's own that is required and not set",
    make: required(["DATABASE_URL"]),
  },
];

beforeEach(() => {
  forgetManagedIdentity();
  made.length = 0;
});

/** The arguments as the SDK reads them: a text is the client ID. */
function read({ name, args }: (typeof made)[number]): unknown {
  const [first, second] = args;
  if (name !== "ManagedIdentityCredential" || typeof first !== "string") return [name, first ?? {}];
  return [name, { ...(second as object), clientId: first }];
}

describe.each([
  ["DefaultAzureCredential", DEFAULT],
  ["ManagedIdentityCredential", MANAGED],
  ["WorkloadIdentityCredential", WORKLOAD],
] as const)("where guarding is off, %s", (name, rows) => {
  test.each(rows)("is the SDK's own: $given", ({ make, environment = {} }) => {
    stubEnvironment(environment);
    const plain = make(SDK);
    const ours = make(OURS);
    expect(ours).toBeInstanceOf(OURS[name]);
    const [, ofOurs] = made;
    expect(made.map(read)[1]).toEqual(made.map(read)[0]);
    expect(shapeOf(ofOurs?.credential)).toEqual(shapeOf(plain));
  });
});

describe("where guarding is off, a constructor throws what the SDK's throws", () => {
  test.each(REFUSED)("$given", ({ make, environment = {} }) => {
    stubEnvironment(environment);
    const plain = thrownBy(() => make(SDK));
    expect(plain).toBeDefined();
    expect(thrownBy(() => make(OURS))).toEqual(plain);
  });
});

describe("the option guard", () => {
  const given = { guard: { expect: { objectId: OBJECT } } };
  const APP_SERVICE = { IDENTITY_ENDPOINT: "http://127.0.0.1:1/token", IDENTITY_HEADER: "h" };
  const rows: readonly (Row & { readonly asks: string })[] = [
    { make: () => new OURS.DefaultAzureCredential(given), asks: "DefaultAzureCredential", environment: {} },
    {
      make: () => new OURS.DefaultAzureCredential(given),
      asks: "EnvironmentCredential",
      environment: IN_POD,
    },
    { make: () => new OURS.ManagedIdentityCredential(given), asks: "ManagedIdentityCredential" },
    { make: () => new OURS.ManagedIdentityCredential(CLIENT, given), asks: "ManagedIdentityCredential" },
    {
      make: () => new OURS.WorkloadIdentityCredential({ ...NAMED, ...given }),
      asks: "WorkloadIdentityCredential",
    },
  ].map((row) => ({ environment: APP_SERVICE, ...row, given: row.asks }));

  test.each(rows)(
    "alone turns guarding on, and never reaches the SDK: $asks",
    async ({ make, environment, asks }) => {
      stubEnvironment(environment ?? {});
      await using credential = make(OURS) as GuardedCredential;
      expect(credential.health.snapshot().name).toBe(asks);
      expect(made.map(({ name }) => name)).toEqual([asks]);
      expect(JSON.stringify(made.map(({ args }) => args))).not.toContain("guard");
    },
  );

  test.each(CLASS_NAMES)("of no value leaves %s the SDK's, and never reaches it", (name) => {
    stubEnvironment({});
    const options = { ...NAMED, guard: undefined };
    new OURS[name](options);
    expect(made).toMatchObject([{ name, args: [NAMED] }]);
    expect(made[0]?.args[0]).not.toHaveProperty("guard");
  });

  test("counts where the client ID before it turns out to be undefined, though options there do not", async () => {
    stubEnvironment({});
    const unset = text(undefined);
    await using credential = new OURS.ManagedIdentityCredential(
      unset,
      untyped({ ...given, clientId: CLIENT }),
    );
    expect(credential.health.snapshot().name).toBe("ManagedIdentityCredential");
    expect(made).toEqual([]);
  });
});

describe("where guarding is on", () => {
  test.each([
    ...DEFAULT.map((row) => ({ ...row, of: "DefaultAzureCredential" })),
    ...WORKLOAD.map((row) => ({ ...row, of: "WorkloadIdentityCredential" })),
  ])(
    "the SDK's $of gets the same options, and no retries of its own: $given",
    async ({ make, environment = {} }) => {
      stubEnvironment({ ...environment, ...EXPECTING });
      make(SDK);
      await using _credential = make(OURS) as GuardedCredential;
      const [plain, ours] = made;
      expect(ours).toMatchObject({ name: plain?.name });
      expect(ours?.args).toEqual([{ ...(plain?.args[0] ?? {}), retryOptions: { maxRetries: 0 } }]);
    },
  );

  // What the SDK refuses is reported as every other problem of the configuration is, and not tried until the budget ends.
  test.each(REFUSED)("a constructor refuses what the SDK's refuses: $given", ({ make, environment = {} }) => {
    stubEnvironment({ ...environment, ...EXPECTING, AZURE_IDENTITY_GUARD_GATE: "none" });
    const plain = thrownBy(() => make(SDK));
    const ours = errorOf(() => make(OURS));
    expect(ours).toMatchObject({ name: "IdentityGuardError", code: "ERR_GUARD_CONFIGURATION" });
    // Of what this library sees for itself, the SDK is not asked.
    if (ours.cause !== undefined)
      expect(describeError(ours.cause)).toMatchObject({
        name: plain?.name,
        message: redact(plain?.message ?? ""),
      });
    else expect(made).toHaveLength(0);
  });

  // A pod that the webhook missed: the gate says what the SDK's constructor would say, to whoever asks for a token.
  test.each(NOT_INJECTED)(
    "and where Workload ID is what is used, its gate is closed for good: $given",
    async ({ make, environment = {} }) => {
      stubEnvironment({ ...environment, ...EXPECTING });
      await using credential = make(OURS) as GuardedCredential;
      const call = credential.getToken(SCOPE);
      await expect(call).rejects.toMatchObject({
        code: "ERR_GUARD_GATE_CLOSED",
        details: { permanent: true },
      });
    },
  );

  // DESIGN section 5: the classes implement the SDK's types and do not extend its classes.
  test.each(CLASS_NAMES)("and where it is off, %s is no instance of the SDK's class", (name) => {
    for (const environment of [{}, EXPECTING]) {
      stubEnvironment(environment);
      expect(new OURS[name](NAMED)).not.toBeInstanceOf(SDK[name]);
    }
  });
});

function errorOf(make: () => unknown): Error {
  try {
    make();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("nothing was thrown");
}
