import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { isGuardError } from "../../src/errors.js";
import type { Endpoint } from "../integration/support/endpoint.js";
import { CLASS_NAMES, OURS, settled, thrownBy, type Classes } from "./classes.js";
import {
  CLIENT,
  EXPECTING,
  IN_KUBERNETES,
  OTHER_CLIENT,
  RESOURCE_ID,
  SCOPE,
  SECRET,
  stubEnvironment,
  TENANT,
  type Environment,
} from "./environment.js";
import { recorder, startRefusing } from "./recorder.js";
import { forgetManagedIdentity, made, SDK } from "./recording-sdk.js";

vi.mock("../../src/guard/azure-identity.js", async () => {
  const { SDK: identity } = await import("./recording-sdk.js");
  return { azureIdentity: () => identity };
});

const PRODUCTION = ["EnvironmentCredential", "WorkloadIdentityCredential", "ManagedIdentityCredential"];
/** Every value that the installed SDK takes, by its own word: it says so where it refuses one. */
const VALUES = valuesOfSdk();
const DEVELOPER = VALUES.filter((value) => !["prod", ...PRODUCTION].includes(value));

function valuesOfSdk(): readonly string[] {
  vi.stubEnv("AZURE_TOKEN_CREDENTIALS", "no-such-credential");
  const { message = "" } = thrownBy(() => new SDK.DefaultAzureCredential()) ?? {};
  vi.unstubAllEnvs();
  const [, list = ""] = /Valid values are (.*)\.$/u.exec(message) ?? [];
  return ["prod", "dev", ...(list.match(/\w+Credential\b/gu) ?? [])];
}

let endpoint: Endpoint;
beforeAll(async () => {
  endpoint = await startRefusing();
});
afterAll(async () => await endpoint[Symbol.asyncDispose]());
beforeEach(() => {
  made.length = 0;
});

/** The environment, and an identity endpoint that nobody but this test has. */
function environmentOf(values: Environment): void {
  stubEnvironment({ AZURE_POD_IDENTITY_AUTHORITY_HOST: endpoint.url, ...values });
}

/** What an application gets from one side, and what that side asked for. */
async function ask(from: Classes, name: keyof Classes, options: object): Promise<unknown> {
  forgetManagedIdentity();
  const { httpClient, seen } = recorder();
  const before = endpoint.requests.length;
  const thrown = thrownBy(() => new from[name]({ ...options, httpClient }));
  if (thrown !== undefined) return { thrown };
  const credential = new from[name]({ ...options, httpClient });
  const call = await settled(async () => await credential.getToken(SCOPE));
  return { call, seen, local: endpoint.requests.slice(before).map(({ target }) => target) };
}

const spelt = (value: string): readonly string[] => [value, value.toUpperCase(), ` ${value.toLowerCase()}\t`];

test("the installed SDK tells which values it takes", () => {
  expect(VALUES).toEqual(expect.arrayContaining(["prod", "dev", ...PRODUCTION, "AzureCliCredential"]));
  expect(DEVELOPER.length).toBeGreaterThan(3);
});

describe("where guarding is off, AZURE_TOKEN_CREDENTIALS means what it means to the SDK", () => {
  const values = [...VALUES.flatMap(spelt), "", "  ", "no-such-credential", "prod,dev", "BrokerCredential"];
  test.each(values)("%j", async (value) => {
    environmentOf({ AZURE_TOKEN_CREDENTIALS: value });
    const plain = await ask(SDK, "DefaultAzureCredential", {});
    expect(await ask(OURS, "DefaultAzureCredential", {})).toEqual(plain);
    expect(plain).toHaveProperty(value.includes("no-such") || /,|Broker/u.test(value) ? "thrown" : "call");
  });
});

interface Row {
  readonly of: keyof Classes;
  readonly environment: Environment;
  readonly options?: object;
}

describe("where guarding is off, variables mean what they mean to the SDK", () => {
  const EACH: readonly Row[] = (
    [
      {},
      { AZURE_CLIENT_ID: CLIENT },
      { AZURE_TENANT_ID: TENANT },
      { AZURE_TENANT_ID: "not a tenant" },
      { AZURE_CLIENT_ID: CLIENT, AZURE_TENANT_ID: TENANT },
      { AZURE_CLIENT_SECRET: "not-a-secret" },
      SECRET,
      { ...SECRET, AZURE_CLIENT_ID: "" },
      { ...SECRET, AZURE_AUTHORITY_HOST: "https://login.microsoftonline.us" },
      { ...SECRET, AZURE_AUTHORITY_HOST: "http://login.microsoftonline.us" },
      { ...SECRET, AZURE_ADDITIONALLY_ALLOWED_TENANTS: "*" },
      { ...SECRET, AZURE_TOKEN_CREDENTIALS: "prod" },
      { ...SECRET, AZURE_TOKEN_CREDENTIALS: "EnvironmentCredential" },
      { ...SECRET, AZURE_TOKEN_CREDENTIALS: "WorkloadIdentityCredential" },
      { AZURE_CLIENT_ID: CLIENT, AZURE_TOKEN_CREDENTIALS: "ManagedIdentityCredential" },
      { AZURE_TENANT_ID: TENANT, AZURE_CLIENT_ID: CLIENT, AZURE_USERNAME: "u", AZURE_PASSWORD: "p" },
      { AZURE_TENANT_ID: TENANT, AZURE_CLIENT_ID: CLIENT, AZURE_CLIENT_CERTIFICATE_PATH: "/nonexistent.pem" },
      { ...IN_KUBERNETES, AZURE_CLIENT_ID: CLIENT },
    ] satisfies readonly Environment[]
  ).flatMap((environment) => [
    { of: "DefaultAzureCredential", environment },
    { of: "ManagedIdentityCredential", environment },
    { of: "WorkloadIdentityCredential", environment },
  ]);
  const WITH_OPTIONS: readonly Row[] = [
    { managedIdentityClientId: OTHER_CLIENT },
    { managedIdentityClientId: "" },
    { managedIdentityResourceId: RESOURCE_ID },
    { workloadIdentityClientId: OTHER_CLIENT },
    { tenantId: TENANT },
    { requiredEnvVars: "AZURE_CLIENT_ID" },
    { requiredEnvVars: ["AZURE_CLIENT_ID", "DATABASE_URL"] },
    { requiredEnvVars: ["AZURE_CLIENT_ID", "AZURE_TENANT_ID"] },
  ].map((options) => ({
    of: "DefaultAzureCredential",
    environment: { AZURE_CLIENT_ID: CLIENT, DATABASE_URL: "here", AZURE_TOKEN_CREDENTIALS: "prod" },
    options,
  }));

  test.each([...EACH, ...WITH_OPTIONS])(
    "$of: $environment $options",
    async ({ of, environment, options = {} }) => {
      environmentOf(environment);
      const plain = await ask(SDK, of, options);
      expect(await ask(OURS, of, options)).toEqual(plain);
    },
  );
});

const UNDER_NMI: Environment = { ...IN_KUBERNETES, HOST_IP: "127.0.0.1" };
const IN_CLUSTER: Environment = { ...IN_KUBERNETES, ...EXPECTING };
const INJECTED: Environment = {
  AZURE_CLIENT_ID: CLIENT,
  AZURE_TENANT_ID: TENANT,
  AZURE_FEDERATED_TOKEN_FILE: "/nonexistent/token",
  AZURE_AUTHORITY_HOST: "https://login.microsoftonline.com/",
};
const GATES: Readonly<Record<string, Environment>> = {
  "the NMI gate": UNDER_NMI,
  "no gate, in Kubernetes": IN_CLUSTER,
};

/** What a guarded DefaultAzureCredential turned out to be; the names of the problems where it was refused. */
async function memberOf(environment: Environment, options: object = {}): Promise<unknown> {
  environmentOf(environment);
  try {
    await using credential = new OURS.DefaultAzureCredential(options);
    return credential.health.snapshot().name;
  } catch (error) {
    if (isGuardError(error, "ERR_GUARD_CONFIGURATION")) {
      return error.details.problems.map(({ name }) => name);
    }
    throw error;
  }
}

// DESIGN section 5: resolved at construction to the first configured member, and never falls through.
describe.each(Object.entries(GATES))(
  "under %s, AZURE_TOKEN_CREDENTIALS narrows to one member",
  (_name, gate) => {
    const [first, second, third] = PRODUCTION;
    const rows: readonly (readonly [value: string, has: Environment, member: unknown])[] = [
      ...["", ...spelt("prod")].flatMap((value) => [
        [value, {}, third] as const,
        [value, { AZURE_CLIENT_ID: CLIENT }, third] as const,
        [value, SECRET, first] as const,
        [value, INJECTED, second] as const,
        [value, { ...INJECTED, ...SECRET }, first] as const,
      ]),
      ...spelt("EnvironmentCredential").flatMap((value) => [
        [value, SECRET, first] as const,
        [value, {}, ["AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET"]] as const,
        [value, { ...SECRET, AZURE_TENANT_ID: "" }, ["AZURE_TENANT_ID"]] as const,
      ]),
      ...spelt("WorkloadIdentityCredential").flatMap((value) => [
        [value, INJECTED, second] as const,
        [value, { ...INJECTED, ...SECRET }, second] as const,
        // The gate of Workload ID says what is missing, to whoever asks.
        [value, {}, second] as const,
      ]),
      ...spelt("ManagedIdentityCredential").flatMap((value) => [
        [value, {}, third] as const,
        [value, SECRET, third] as const,
      ]),
      ...[...DEVELOPER, "no-such-credential", "prod,dev"].map((value) => [value, SECRET, undefined] as const),
    ];
    test.each(rows)("%j with %j", async (value, has, member) => {
      const found = await memberOf({ ...gate, ...has, AZURE_TOKEN_CREDENTIALS: value });
      if (member !== undefined) expect(found).toEqual(member);
      // A developer's login is a person's own choice where no gate says that a pod is meant.
      else if (gate === IN_CLUSTER && DEVELOPER.includes(value)) expect(found).toBe("DefaultAzureCredential");
      else expect(found).toEqual(["AZURE_TOKEN_CREDENTIALS"]);
    });
  },
);

// DESIGN section 3, rule 9: a gate turns guarding on, and what the webhook injects stands for one.
test.each(CLASS_NAMES)(
  "AZURE_FEDERATED_TOKEN_FILE alone turns guarding of %s on, with its gate",
  async (name) => {
    environmentOf({ AZURE_FEDERATED_TOKEN_FILE: "/nonexistent/token" });
    await using credential = new OURS[name]();
    expect(credential.health.snapshot().gateName).toBe("workload-identity");
  },
);

describe("with an expectation off Kubernetes, AZURE_TOKEN_CREDENTIALS is the SDK's chain", () => {
  test.each([...VALUES, "", "no-such-credential"])("%j", async (value) => {
    const found = await memberOf({ ...EXPECTING, AZURE_TOKEN_CREDENTIALS: value });
    const plain = thrownBy(() => new SDK.DefaultAzureCredential());
    expect(found).toEqual(plain === undefined ? "DefaultAzureCredential" : ["DefaultAzureCredential"]);
  });
});

describe.each(["off", "on"])("requiredEnvVars with guarding %s refuses what the SDK refuses", (guarding) => {
  const set = { AZURE_CLIENT_ID: CLIENT, AZURE_TENANT_ID: "", DATABASE_URL: "here", BLANK: " " };
  const rows = [
    undefined,
    null,
    "AZURE_CLIENT_ID",
    "AZURE_TENANT_ID",
    "DATABASE_URL",
    "BLANK",
    "NOWHERE",
    "",
    [],
    [""],
    ["AZURE_CLIENT_ID", "DATABASE_URL"],
    ["AZURE_CLIENT_ID", "AZURE_TENANT_ID", "NOWHERE"],
  ].map((requiredEnvVars) => ({ requiredEnvVars }));
  test.each(rows)("$requiredEnvVars", async (given: object) => {
    const options = { ...given };
    environmentOf({ ...set, ...(guarding === "on" ? UNDER_NMI : {}) });
    const plain = thrownBy(() => new SDK.DefaultAzureCredential(options));
    const ours = thrownBy(() => new OURS.DefaultAzureCredential(options));
    if (guarding === "off") expect(ours).toEqual(plain);
    else expect(ours?.name).toBe(plain === undefined ? undefined : "IdentityGuardError");
  });
});
