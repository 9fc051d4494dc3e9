import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { GuardOptions } from "../../src/config/options.js";
import type { RecordedRequest } from "../../src/testing/request-log.js";
import { tokenRequests } from "../integration/support/trouble.js";
import { OURS } from "./classes.js";
import { CLIENT, SCOPE, stubEnvironment, TENANT, type Environment } from "./environment.js";
import { SDK } from "./recording-sdk.js";
import { askGuarded, askSdk, askUnguarded, tokenOf, type Spec } from "./sides.js";
import { Simulators } from "./simulators.js";

vi.mock("../../src/guard/azure-identity.js", async () => {
  const { SDK: identity } = await import("./recording-sdk.js");
  return { azureIdentity: () => identity };
});

let at: Simulators;
beforeAll(async () => {
  at = await Simulators.start();
});
afterAll(async () => {
  await at.close();
});

interface Row {
  readonly does: string;
  readonly environment: () => Environment;
  readonly spec: () => Spec;
  readonly guard: () => GuardOptions;
}

const MANAGED = "ManagedIdentityCredential";
const DEFAULT = "DefaultAzureCredential";
const WORKLOAD = "WorkloadIdentityCredential";

const RESULTS: readonly Row[] = [
  {
    does: "ManagedIdentityCredential under NMI",
    environment: () => at.onNode,
    spec: () => ({ of: MANAGED }),
    guard: () => at.underNmi,
  },
  {
    does: "ManagedIdentityCredential with an expectation",
    environment: () => at.onNode,
    spec: () => ({ of: MANAGED, clientId: at.node.identity.clientId }),
    guard: () => at.pinned,
  },
  {
    does: "ManagedIdentityCredential in App Service",
    environment: () => at.appService.environment,
    spec: () => ({ of: MANAGED, clientId: at.node.identity.clientId }),
    guard: () => at.pinned,
  },
  {
    does: "DefaultAzureCredential under NMI",
    environment: () => at.onNode,
    spec: () => ({ of: DEFAULT }),
    guard: () => at.underNmi,
  },
  {
    does: "DefaultAzureCredential with an expectation",
    environment: () => at.onNode,
    spec: () => ({ of: DEFAULT }),
    guard: () => at.pinned,
  },
  {
    does: "DefaultAzureCredential with a client secret",
    environment: () => at.secret,
    spec: () => ({ of: DEFAULT, options: at.trusting }),
    guard: () => at.pinned,
  },
  {
    does: "WorkloadIdentityCredential behind its gate",
    environment: () => ({}),
    spec: () => ({ of: WORKLOAD, options: at.injected }),
    guard: () => ({ ...at.pinned, gate: "workload-identity" }),
  },
  {
    does: "WorkloadIdentityCredential with an expectation",
    environment: () => ({}),
    spec: () => ({ of: WORKLOAD, options: at.injected }),
    guard: () => at.pinned,
  },
];

describe("what getToken resolves with", () => {
  const call = { scopes: SCOPE };

  test.each(RESULTS)("is the SDK's where guarding is off: $does", async ({ environment, spec }) => {
    stubEnvironment(environment());
    const plain = await askSdk(spec(), call);
    expect(plain).toHaveProperty("token");
    expect((await askUnguarded(spec(), call)).shape).toEqual(plain.shape);
  });

  test.each(RESULTS)("has the same parts where it is on: $does", async ({ environment, spec, guard }) => {
    stubEnvironment(environment());
    const plain = await askSdk(spec(), call);
    const ours = await askGuarded(spec(), call, guard());
    // DESIGN section 5: there always is a time to refresh, though the SDK names none for an exchange.
    expect(ours.shape).toEqual({ ...plain.shape, refreshAfterTimestamp: "number" });
    const { expiresOnTimestamp, refreshAfterTimestamp = 0, token } = tokenOf(ours);
    expect(Math.abs(expiresOnTimestamp - tokenOf(plain).expiresOnTimestamp)).toBeLessThan(60_000);
    expect(refreshAfterTimestamp).toBeGreaterThan(Date.now());
    expect(refreshAfterTimestamp).toBeLessThan(expiresOnTimestamp);
    for (const time of [expiresOnTimestamp, refreshAfterTimestamp]) expect(time).toSatisfy(Number.isInteger);
    expect(claimsOf(token)).toMatchObject({ oid: at.node.identity.objectId });
    expect(claimsOf(token)["aud"]).toBe(claimsOf(tokenOf(plain).token)["aud"]);
  });
});

function claimsOf(token: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Record<
    string,
    unknown
  >;
}

/** What says who is asked for, and for which resource. */
function asked({ query, headers }: RecordedRequest): unknown {
  const { "client-request-id": _id, ...rest } = query;
  return { query: rest, metadata: headers["metadata"] };
}

/** Token requests at the node since the last call of this function. */
let looked = 0;
function requested(): unknown {
  const all = tokenRequests(at.node);
  const fresh = all.slice(looked);
  looked = all.length;
  return fresh.map(asked);
}

describe("a managed identity is asked for by the same request", () => {
  const id = (name: "clientId" | "objectId" | "resourceId"): string => at.node.identity[name];
  const rows: readonly { does: string; spec: () => Spec; environment?: () => Environment }[] = [
    { does: "no ID", spec: () => ({ of: MANAGED }) },
    { does: "an empty text", spec: () => ({ of: MANAGED, clientId: "" }) },
    { does: "a text", spec: () => ({ of: MANAGED, clientId: id("clientId") }) },
    ...(["clientId", "resourceId", "objectId"] as const).map((name) => ({
      does: name,
      spec: (): Spec => ({ of: MANAGED, options: { [name]: id(name) } }),
    })),
    { does: "a client ID of null", spec: () => ({ of: MANAGED, options: { clientId: null } }) },
    {
      does: "a client ID of null and a resource ID",
      spec: () => ({ of: MANAGED, options: { clientId: null, resourceId: id("resourceId") } }),
    },
    {
      does: "a client ID and an empty resource ID",
      spec: () => ({ of: MANAGED, options: { clientId: id("clientId"), resourceId: "" } }),
    },
    {
      does: "AZURE_CLIENT_ID, which it does not read",
      spec: () => ({ of: MANAGED }),
      environment: () => ({ AZURE_CLIENT_ID: CLIENT }),
    },
    { does: "no ID", spec: () => ({ of: DEFAULT }) },
    {
      does: "managedIdentityClientId",
      spec: () => ({ of: DEFAULT, options: { managedIdentityClientId: id("clientId") } }),
      environment: () => ({ AZURE_CLIENT_ID: CLIENT }),
    },
    {
      does: "managedIdentityClientId of null",
      spec: () => ({ of: DEFAULT, options: { managedIdentityClientId: null } }),
      environment: () => ({ AZURE_CLIENT_ID: id("clientId") }),
    },
    {
      does: "an empty managedIdentityClientId",
      spec: () => ({ of: DEFAULT, options: { managedIdentityClientId: "" } }),
      environment: () => ({ AZURE_CLIENT_ID: CLIENT }),
    },
    {
      does: "AZURE_CLIENT_ID",
      spec: () => ({ of: DEFAULT }),
      environment: () => ({ AZURE_CLIENT_ID: id("clientId") }),
    },
    {
      does: "managedIdentityResourceId",
      spec: () => ({ of: DEFAULT, options: { managedIdentityResourceId: id("resourceId") } }),
      environment: () => ({ AZURE_CLIENT_ID: CLIENT }),
    },
    {
      does: "managedIdentityResourceId and managedIdentityClientId",
      spec: () => ({
        of: DEFAULT,
        options: { managedIdentityResourceId: id("resourceId"), managedIdentityClientId: CLIENT },
      }),
    },
    {
      does: "managedIdentityResourceId of null and managedIdentityClientId",
      spec: () => ({
        of: DEFAULT,
        options: { managedIdentityResourceId: null, managedIdentityClientId: id("clientId") },
      }),
    },
    {
      does: "workloadIdentityClientId, which is of no account here",
      spec: () => ({ of: DEFAULT, options: { workloadIdentityClientId: CLIENT } }),
    },
    {
      does: "prod",
      spec: () => ({ of: DEFAULT }),
      environment: () => ({ AZURE_TOKEN_CREDENTIALS: "PROD", AZURE_CLIENT_ID: id("clientId") }),
    },
  ];

  test.each(rows)("$does", async ({ spec, environment }) => {
    stubEnvironment({ ...at.onNode, ...environment?.() });
    requested();
    await askSdk(spec(), { scopes: SCOPE });
    const plain = requested();
    expect(plain).toHaveLength(1);
    await askUnguarded(spec(), { scopes: SCOPE });
    expect(requested()).toEqual(plain);
    await askGuarded(spec(), { scopes: SCOPE }, at.pinned);
    expect(requested()).toEqual(plain);
  });

  test.each([
    "https://vault.azure.net/.default",
    "https://vault.azure.net",
    "https://vault.azure.net/",
    "https://database.windows.net//.default",
    "https://graph.microsoft.com/User.Read",
    "api://app/.default",
    "3db474b9-6a0c-4840-96ac-1fceb342124f",
    ["https://vault.azure.net/.default"],
    ["https://Vault.Azure.net/.Default"],
  ])("for the scope %j", async (...scopes) => {
    stubEnvironment(at.onNode);
    const call = { scopes: scopes.length === 1 ? scopes[0] : scopes };
    requested();
    await askSdk({ of: MANAGED }, call);
    const plain = requested();
    expect(plain).toHaveLength(1);
    await askGuarded({ of: MANAGED }, call, at.pinned);
    expect(requested()).toEqual(plain);
  });

  // Up to 4.13 the SDK loses all options here; under a gate the client ID counts wherever it is named.
  test("AZURE_TOKEN_CREDENTIALS that names it loses no client ID", async () => {
    stubEnvironment({ ...at.onNode, AZURE_TOKEN_CREDENTIALS: MANAGED });
    const { clientId } = at.node.identity;
    requested();
    await askGuarded(
      { of: DEFAULT, options: { managedIdentityClientId: clientId } },
      { scopes: SCOPE },
      at.underNmi,
    );
    expect(requested()).toMatchObject([{ query: { client_id: clientId } }]);
  });
});

describe("AZURE_POD_IDENTITY_AUTHORITY_HOST", () => {
  const once = { of: MANAGED, options: { retryOptions: { maxRetries: 0 } } } as const;
  test.each(["$url", "$url/", "169.254.169.254", "http://user:word@127.0.0.1/", "no URL"])(
    "means what it means to the SDK where guarding is off: %s",
    async (form) => {
      stubEnvironment({ AZURE_POD_IDENTITY_AUTHORITY_HOST: form.replace("$url", at.node.metadataUrl) });
      const plain = await askSdk(once, { scopes: SCOPE });
      const ours = await askUnguarded(once, { scopes: SCOPE });
      expect([ours.error, ours.shape]).toEqual([plain.error, plain.shape]);
    },
  );
});

describe("an exchange is asked for by the same request", () => {
  const other = { AZURE_CLIENT_ID: CLIENT, AZURE_TENANT_ID: "other", AZURE_FEDERATED_TOKEN_FILE: "/nowhere" };
  const injectedVariables = (): Environment => ({
    AZURE_CLIENT_ID: at.entra.identity.clientId,
    AZURE_TENANT_ID: at.entra.identity.tenantId,
    AZURE_FEDERATED_TOKEN_FILE: at.entra.tokenFile.path,
    AZURE_AUTHORITY_HOST: at.entra.authorityHost,
  });
  const rows: readonly { does: string; environment: () => Environment; options: () => object }[] = [
    { does: "options alone", environment: () => ({}), options: () => at.injected },
    { does: "options over variables", environment: () => other, options: () => at.injected },
    {
      does: "variables alone",
      environment: injectedVariables,
      options: () => ({ ...at.trusting, authorityHost: undefined }),
    },
    {
      does: "empty options, which leave it to variables",
      environment: injectedVariables,
      options: () => ({ ...at.trusting, clientId: "", tenantId: "", tokenFilePath: "" }),
    },
    {
      does: "options of null, which leave it to variables",
      environment: injectedVariables,
      options: () => ({ ...at.trusting, clientId: null, tenantId: null, tokenFilePath: null }),
    },
    {
      does: "another client",
      environment: injectedVariables,
      options: () => ({ ...at.trusting, clientId: at.otherApplication.clientId }),
    },
    {
      does: "tenants allowed",
      environment: injectedVariables,
      options: () => ({ ...at.trusting, additionallyAllowedTenants: ["*"] }),
    },
  ];

  let seen = 0;
  const posted = (): unknown => {
    const fresh = at.entra.requests.slice(seen);
    seen = at.entra.requests.length;
    return fresh.map(({ path, form = {} }) => {
      const { client_assertion: _assertion, "client-request-id": _id, ...rest } = form;
      return { path, form: rest };
    });
  };

  test.each(rows)("$does", async ({ environment, options }) => {
    stubEnvironment({ ...environment(), AZURE_IDENTITY_GUARD_GATE: "" });
    const spec = { of: WORKLOAD, options: options() } as const;
    posted();
    await askSdk(spec, { scopes: SCOPE });
    const plain = posted();
    expect(plain).not.toHaveLength(0);
    const ours = await askGuarded(spec, { scopes: SCOPE }, { gate: "none", expect: "none" });
    expect(ours).toHaveProperty("token");
    expect(posted()).toEqual(plain);
  });

  /** The SDK's managed identity makes an exchange without any option of the caller's: it cannot be told whom to trust. */
  const trustingAnybody = (): Environment => ({ ...injectedVariables(), NODE_TLS_REJECT_UNAUTHORIZED: "0" });
  const otherClient = (): string => at.otherApplication.clientId;
  const NO_DISCOVERY = { disableInstanceDiscovery: true };
  const INJECTED: readonly { does: string; spec: () => Spec; environment?: Environment }[] = [
    { does: "AZURE_CLIENT_ID", spec: () => ({ of: MANAGED }) },
    { does: "a text", spec: () => ({ of: MANAGED, clientId: otherClient() }) },
    { does: "clientId", spec: () => ({ of: MANAGED, options: { clientId: otherClient() } }) },
    { does: "resourceId, of no account here", spec: () => ({ of: MANAGED, options: { resourceId: "r" } }) },
    { does: "tenantId, of no account here", spec: () => ({ of: MANAGED, options: { tenantId: TENANT } }) },
    { does: "AZURE_CLIENT_ID", spec: () => ({ of: DEFAULT, options: NO_DISCOVERY }) },
    {
      does: "managedIdentityClientId",
      spec: () => ({ of: DEFAULT, options: { ...NO_DISCOVERY, managedIdentityClientId: otherClient() } }),
    },
    {
      does: "workloadIdentityClientId and managedIdentityClientId",
      spec: () => ({
        of: DEFAULT,
        options: {
          ...NO_DISCOVERY,
          workloadIdentityClientId: otherClient(),
          managedIdentityClientId: CLIENT,
        },
      }),
    },
    ...["prod", WORKLOAD, MANAGED].map((value) => ({
      does: `AZURE_TOKEN_CREDENTIALS=${value}`,
      spec: (): Spec => ({ of: DEFAULT, options: NO_DISCOVERY }),
      environment: { AZURE_TOKEN_CREDENTIALS: value },
    })),
  ];

  test.each(INJECTED)("in a pod with Workload ID, $does", async ({ spec, environment }) => {
    stubEnvironment({ ...trustingAnybody(), ...environment });
    posted();
    await askSdk(spec(), { scopes: SCOPE });
    const plain = posted();
    const ours = await askGuarded(spec(), { scopes: SCOPE }, { expect: "none" });
    expect(ours).toHaveProperty("token");
    expect(posted()).toEqual(plain);
  });

  test.each([
    ["the SDK's class", SDK],
    ["ours", OURS],
  ] as const)("variables count as they were when the credential was made: %s", async (_name, from) => {
    stubEnvironment({
      ...injectedVariables(),
      AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: at.entra.identity.objectId,
    });
    const credential = new from.WorkloadIdentityCredential({
      ...at.trusting,
      authorityHost: undefined,
    } as object);
    for (const [name, value] of Object.entries(other)) vi.stubEnv(name, value);
    await expect(credential.getToken(SCOPE)).resolves.toHaveProperty("token");
    if ("close" in credential) await (credential as { close(): Promise<void> }).close();
  });
});
