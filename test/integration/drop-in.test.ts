import { describe, expect, test } from "vitest";
import { startNode } from "./support/node.js";
import { createIdentity } from "../../src/testing/simulated-identity.js";
import { runCase } from "./support/case.js";
import { sendJson, startEndpoint } from "./support/endpoint.js";
import { eventually } from "./support/eventually.js";
import { Pod } from "./support/pod.js";
import { GUARDED_DEFAULT, GUARDED_MANAGED_IDENTITY, gatedEnvironment, SCOPE } from "./support/setups.js";
import { tokenRequests } from "./support/trouble.js";

const OID = "22222222-2222-4222-8222-222222222222";
const TENANT = "33333333-3333-4333-8333-333333333333";

describe.concurrent("off Kubernetes with nothing configured", () => {
  test.each(["default-nothing", "default-vm", "managed-nothing", "managed-vm"])(
    "result, error and requests are the SDK's own, without a warning (%s)",
    async (name) => {
      const run = async (source: string): ReturnType<typeof runCase> =>
        await runCase(`laptop-${name}`, { FIXTURE_OID: OID, FIXTURE_SOURCE: source });
      const [sdk, guard] = await Promise.all([run("sdk"), run("guard")]);
      expect(guard.told).toEqual(sdk.told);
      expect(sdk.told).toMatchObject({ outcome: name.endsWith("vm") ? "token" : "error" });
      expect(guard.ended.stderr).not.toMatch(/warning|identity-guard/iu);
    },
  );
});

describe.concurrent("options objects", () => {
  const ON = { AZURE_IDENTITY_GUARD_GATE: "nmi" };
  const OFF = {
    AZURE_IDENTITY_GUARD_GATE: "",
    AZURE_IDENTITY_GUARD_NMI_URL: "",
    AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: "",
    AZURE_IDENTITY_GUARD_RETRY_BUDGET: "",
  };
  const rows = [
    { guarding: "on", environment: ON },
    { guarding: "off", environment: OFF },
  ].flatMap((row) => [
    { ...row, name: "DefaultAzureCredential", id: "managedIdentityClientId" },
    { ...row, name: "ManagedIdentityCredential", id: "clientId" },
  ]);
  const options = (id: string, clientId: string): object => ({
    [id]: clientId,
    retryOptions: { maxRetries: 1 },
    additionalPolicies: [],
  });

  test.each(rows)("of $name may be frozen and shared (guarding $guarding)", async (row) => {
    await using pod = await Pod.start(row.environment);
    const { clientId, objectId } = pod.node.identity;
    const spec = { from: "guard", name: row.name, args: [options(row.id, clientId)], frozen: true } as const;
    for (const id of await pod.child.createAll(spec, 2)) {
      expect(await pod.child.getToken(id, SCOPE)).toMatchObject({ outcome: "token", oid: objectId });
    }
    expect(new Set(tokenRequests(pod.node).map(({ query }) => query["client_id"]))).toEqual(
      new Set([clientId]),
    );
  });

  test.each(rows)("of $name are not written to (guarding $guarding)", async (row) => {
    await using pod = await Pod.start(row.environment);
    const args = [options(row.id, pod.node.identity.clientId)];
    const [first = "", second = ""] = await pod.child.createAll({ from: "guard", name: row.name, args }, 2);
    await pod.child.getToken(first, SCOPE);
    await pod.child.getToken(second, SCOPE);
    expect(await pod.child.args(first)).toEqual(args);
  });
});

describe.concurrent("the environment of the pod", () => {
  test("AZURE_CLIENT_ID names the identity that DefaultAzureCredential asks for", async () => {
    // The simulator's identity of this name is the same in every run.
    await using pod = await Pod.start({ AZURE_CLIENT_ID: createIdentity({ name: "app" }).clientId });
    const id = await pod.child.create(GUARDED_DEFAULT);
    expect(await pod.child.getToken(id, SCOPE)).toMatchObject({ oid: pod.node.identity.objectId });
    expect(tokenRequests(pod.node).map(({ query }) => query["client_id"])).toEqual([
      pod.node.identity.clientId,
    ]);
  });

  test.each([GUARDED_DEFAULT, GUARDED_MANAGED_IDENTITY])(
    "sends no token request of $name through a proxy",
    async (spec) => {
      await using proxy = await startEndpoint((_request, response) => sendJson(response, 502, {}));
      const names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
      const variables = Object.fromEntries(names.map((name) => [name, proxy.url]));
      await using pod = await Pod.start({ ...variables, NODE_USE_ENV_PROXY: "1" });
      const id = await pod.child.create(spec);
      expect(await pod.child.getToken(id, SCOPE)).toMatchObject({ oid: pod.node.identity.objectId });
      expect(proxy.requests).toEqual([]);
      // The same variables take the SDK's own request to the proxy: it does record.
      const plain = await pod.child.create({ from: "sdk", name: "ManagedIdentityCredential", args: [{}] });
      await pod.child.getToken(plain, "https://other.example/.default");
      expect(proxy.requests.length).toBeGreaterThan(0);
    },
  );
});

describe.concurrent("warm-up", () => {
  test("from the environment serves calls as real clients make them, without another request", async () => {
    await using pod = await Pod.start({ AZURE_IDENTITY_GUARD_WARM_UP_SCOPES: SCOPE });
    const id = await pod.child.create(GUARDED_DEFAULT);
    await eventually(async () => (await pod.child.events(id)).some(({ type }) => type === "token"));
    for (const options of [{ enableCae: true }, { enableCae: true, tenantId: TENANT }, {}]) {
      expect(await pod.child.getToken(id, SCOPE, { options })).toMatchObject({ outcome: "token" });
    }
    expect(await pod.child.getToken(id, "https://vault.azure.net")).toMatchObject({ outcome: "token" });
    expect(tokenRequests(pod.node)).toHaveLength(1);
  });

  test("serves SecretClient and BlobServiceClient without another request", async () => {
    await using node = await startNode();
    interface Clients {
      readonly name: string;
      readonly storage: number;
      readonly asked: readonly { readonly enableCae?: boolean; readonly tenantId?: string }[];
    }
    const told = (await runCase("clients", gatedEnvironment(node))).told as Clients;
    expect(told).toMatchObject({ name: "one", storage: 1 });
    expect(told.asked.some(({ enableCae }) => enableCae === true)).toBe(true);
    expect(told.asked.some(({ tenantId }) => tenantId === TENANT)).toBe(true);
    expect(tokenRequests(node)).toHaveLength(2);
  });
});

describe.concurrent("a claims challenge", () => {
  const claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}';

  test("goes past the cached token, and its answer replaces it", async () => {
    await using pod = await Pod.start();
    const id = await pod.child.create(GUARDED_DEFAULT);
    const before = await pod.child.getToken(id, SCOPE);
    pod.node.imds.clearTokenCache();
    const challenged = await pod.child.getToken(id, SCOPE, { options: { claims } });
    const after = await pod.child.getToken(id, SCOPE);
    const tokens = [before, challenged, after].map((each) => ("token" in each ? each.token : ""));
    expect(tokens[1] === tokens[0]).toBe(false);
    expect(tokens[2] === tokens[1]).toBe(true);
    expect(tokenRequests(pod.node)).toHaveLength(2);
  });

  test("that is answered with the challenged token returns it, and says so", async () => {
    await using pod = await Pod.start();
    const id = await pod.child.create(GUARDED_DEFAULT);
    const before = await pod.child.getToken(id, SCOPE);
    const challenged = await pod.child.getToken(id, SCOPE, { options: { claims } });
    expect("token" in before && "token" in challenged && before.token === challenged.token).toBe(true);
    expect(await pod.child.events(id)).toContainEqual(
      expect.objectContaining({ type: "token", source: "claims-unchanged" }),
    );
    expect(tokenRequests(pod.node)).toHaveLength(2);
  });
});
