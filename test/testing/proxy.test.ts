import { describe, expect, onTestFinished, test } from "vitest";
import type { EntraSimulatorOptions } from "../../src/testing/entra-options.js";
import { EntraSimulator } from "../../src/testing/entra.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { NodeSimulator } from "../../src/testing/node-simulator.js";
import type { NodeSimulatorOptions } from "../../src/testing/simulator-options.js";
import { MigrationProxy } from "../../src/testing/proxy.js";
import type { MigrationProxyOptions } from "../../src/testing/proxy.js";
import { createIdentity } from "../../src/testing/simulated-identity.js";
import { claimsOf, failure, http, json, keepAlive, METADATA, RESOURCE, token, tokenPath } from "./harness.js";
import type { Answer } from "./harness.js";
import { asking, runSdk } from "./sdk-process.js";

const SERVER = "azure-workload-identity/proxy/v1.6.0 (linux/amd64) 0000000/2025-01-01-00:00";

interface World {
  readonly clock: ManualClock;
  readonly entra: EntraSimulator;
  readonly proxy: MigrationProxy;
}

async function start(
  options: Partial<MigrationProxyOptions> = {},
  entraOptions: EntraSimulatorOptions = {},
): Promise<World> {
  const clock = new ManualClock({ now: Date.UTC(2026, 0, 1) });
  const entra = await EntraSimulator.start({ clock, ...entraOptions });
  onTestFinished(async () => await entra.close());
  const proxy = await MigrationProxy.start({ clock, entra, ...options });
  onTestFinished(async () => await proxy.close());
  return { clock, entra, proxy };
}

async function startNode(clock: ManualClock, options: NodeSimulatorOptions = {}): Promise<NodeSimulator> {
  const node = await NodeSimulator.start({ clock, ...options });
  onTestFinished(async () => await node.close());
  return node;
}

const ask = async (proxy: MigrationProxy, parameters: Record<string, string> = {}): Promise<Answer> =>
  await http(proxy.url, { path: tokenPath(parameters) });

describe("a token request", () => {
  test("is answered with a token of Entra ID, with the proxy's fields and numbers", async () => {
    const { proxy, entra, clock } = await start();
    const answer = await ask(proxy, { client_id: entra.identity.clientId });
    expect(answer.headers).toMatchObject({ server: SERVER, "content-type": "application/json" });
    expect(answer.body.endsWith("}\n")).toBe(true);
    expect(Object.entries(json(answer)).slice(1)).toEqual([
      ["refresh_token", ""],
      ["expires_in", 86_389],
      ["expires_on", String(clock.now() / 1000 + 86_399)],
      ["not_before", 0],
      ["resource", RESOURCE],
      ["token_type", "Bearer"],
    ]);
    expect(claimsOf(answer)).toMatchObject({ oid: entra.identity.objectId, aud: RESOURCE });
    expect(entra.requests.map(({ path, form }) => [path, form?.["scope"]])).toEqual([
      [
        `/${entra.identity.tenantId}/oauth2/v2.0/token`,
        "https://vault.azure.net/.default openid offline_access profile",
      ],
    ]);
  });

  test("needs neither the Metadata header nor a version, and may begin in any case", async () => {
    const { proxy } = await start();
    const path = "/METADATA/identity/oauth2/token/x?resource=https%3A%2F%2Fvault.azure.net";
    expect((await http(proxy.url, { path })).status).toBe(200);
    const answer = await http(proxy.url, { path: path.replace("identity", "Identity") });
    expect([answer.status, answer.headers["server"]]).toEqual([500, undefined]);
  });

  test("names the client ID, or gets that of the pod", async () => {
    const { proxy, entra } = await start();
    const other = entra.directory.addApplication({ name: "other" });
    entra.federatedCredentials.add(other);
    expect(claimsOf(await ask(proxy))["oid"]).toBe(entra.identity.objectId);
    expect(claimsOf(await ask(proxy, { client_id: other.clientId }))["oid"]).toBe(other.objectId);
    // Other ways to name an identity are not read.
    expect(claimsOf(await ask(proxy, { object_id: other.objectId }))["oid"]).toBe(entra.identity.objectId);
  });

  test.each([
    ["client_id", {}, "The client_id parameter or AZURE_CLIENT_ID environment variable must be set"],
    ["resource", { client_id: "x", resource: "" }, "The resource parameter is required."],
  ])("is refused without %s", async (_what, parameters, text) => {
    const { proxy } = await start({ clientId: "" });
    const answer = await ask(proxy, parameters);
    expect([answer.status, answer.body, answer.headers["server"]]).toEqual([400, `${text}\n`, SERVER]);
    expect(answer.headers["content-type"]).toBe("text/plain; charset=utf-8");
  });

  test("may be for a resource with a scope's ending", async () => {
    const { proxy } = await start();
    const answer = await ask(proxy, { resource: `${RESOURCE}/.default` });
    expect([json(answer)["resource"], claimsOf(answer)["aud"]]).toEqual([`${RESOURCE}/.default`, RESOURCE]);
  });

  test("is answered with what Entra ID said, as 500 in any case", async () => {
    const { proxy, entra } = await start({}, { federatedCredentials: [] });
    const answer = await ask(proxy);
    expect([answer.status, answer.headers["server"]]).toEqual([500, SERVER]);
    const lines = answer.body.split("\n");
    expect(lines.slice(0, 3)).toEqual([
      "WorkloadIdentityCredential authentication failed. ",
      `POST ${entra.url}/${entra.identity.tenantId}/oauth2/v2.0/token`,
      "-".repeat(80),
    ]);
    expect(lines[3]).toBe("RESPONSE 400: 400 Bad Request");
    expect(answer.body).toContain(
      '  "error_description": "AADSTS70021: No matching federated identity record',
    );
    expect(answer.body).toContain("troubleshoot#workload\n");
  });

  test.each([
    ["is missing", (entra: EntraSimulator) => entra.tokenFile.remove(), "no such file or directory"],
    [
      "cannot be read",
      (entra: EntraSimulator) => entra.tokenFile.makeUnreadable(),
      /is a directory|permission/,
    ],
  ])("fails where the token file %s", async (_what, spoil, text) => {
    const { proxy, entra } = await start();
    spoil(entra);
    const answer = await ask(proxy);
    expect(answer.status).toBe(500);
    expect(answer.body).toMatch(`WorkloadIdentityCredential: open ${entra.tokenFile.path}: `);
    expect(answer.body).toMatch(text);
  });

  test("fails where Entra ID cannot be reached, or answers no JSON", async () => {
    const { proxy, entra } = await start();
    entra.faults.next("entra-token", { kind: "reset" });
    expect((await ask(proxy)).body).toContain("read: connection reset by peer");
    entra.faults.next("entra-token", { kind: "status", status: 502, body: "<html>" });
    expect((await ask(proxy)).body).toContain("\n<html>\n");
    entra.faults.next("entra-token", { kind: "status", status: 503 });
    expect((await ask(proxy)).body).toContain("Response contained no body");
    await entra.close();
    expect((await ask(proxy)).body).toContain("connect: connection refused");
  });

  test("ends with its client", async () => {
    const { proxy, entra } = await start();
    entra.faults.always("entra-token", { kind: "hang" });
    const controller = new AbortController();
    const [answer, arrived] = [
      failure(http(proxy.url, { path: tokenPath(), signal: controller.signal })),
      entra.nextRequest(),
    ];
    await arrived;
    controller.abort();
    await answer;
    await expect.poll(() => entra.requests[0]?.outcome).toBe("aborted");
  });
});

describe("inside", () => {
  test("tokens are kept until five minutes before their end", async () => {
    const { proxy, entra, clock } = await start({}, { tokens: { lifetimeMs: 3_600_000 } });
    const first = json(await ask(proxy))["access_token"];
    await clock.advance(3_298_000);
    expect(json(await ask(proxy))["access_token"]).toBe(first);
    await clock.advance(2000);
    await entra.tokenFile.rotate();
    expect(json(await ask(proxy))["access_token"]).not.toBe(first);
    expect(entra.counters.tokens).toBe(2);
  });

  test("the token file is read again after ten minutes, stale until then", async () => {
    const { proxy, entra, clock } = await start();
    await entra.tokenFile.rotate({ issuedAgoMs: 7_200_000 });
    expect((await ask(proxy)).body).toContain("AADSTS700024");
    await entra.tokenFile.rotate();
    await clock.advance(599_999);
    expect((await ask(proxy)).body).toContain("AADSTS700024");
    await clock.advance(1);
    expect((await ask(proxy)).status).toBe(200);
  });

  test("128 credentials are kept", async () => {
    const { proxy, entra } = await start();
    const file = entra.tokenFile;
    await ask(proxy);
    file.remove();
    // Its assertion is still known, that of the others never was.
    for (let i = 0; i < 127; i += 1) await ask(proxy, { client_id: createIdentity().clientId });
    expect((await ask(proxy)).status).toBe(200);
    for (let i = 0; i < 128; i += 1) await ask(proxy, { client_id: createIdentity().clientId });
    expect((await ask(proxy)).body).toContain("no such file or directory");
  });

  test("everything is forgotten when the process ends", async () => {
    const { proxy, entra } = await start();
    await ask(proxy);
    await proxy.stop();
    await proxy.resume();
    await ask(proxy);
    expect(entra.counters.tokens).toBe(2);
  });
});

describe("its readiness endpoint", () => {
  test("says ok whatever happens, and not who says it", async () => {
    const { proxy, entra } = await start({}, { federatedCredentials: [] });
    await entra.close();
    const answer = await http(proxy.readyzUrl);
    expect([answer.status, answer.body]).toEqual([200, "ok"]);
    expect(answer.headers).not.toHaveProperty("server");
    expect((await http(proxy.url, { path: "/readyzzz" })).body).toBe("ok");
  });

  test("refuses while the proxy is down", async () => {
    const { proxy } = await start();
    const agent = keepAlive();
    await http(proxy.readyzUrl, { agent });
    await proxy.stop();
    expect(proxy.listening).toBe(false);
    expect(await failure(http(proxy.readyzUrl))).toBe("ECONNREFUSED");
    await proxy.resume();
    expect((await http(proxy.readyzUrl)).body).toBe("ok");
  });
});

describe("other paths", () => {
  const path = "/metadata/instance?api-version=2021-02-01";

  test("go to IMDS, with what they carry and what it says", async () => {
    const { clock, entra } = await start();
    const node = await startNode(clock, { nmi: { state: "down" } });
    await using proxy = await MigrationProxy.start({ clock, entra, metadataUrl: node.metadataUrl });
    const direct = await http(node.metadataUrl, { path, headers: METADATA });
    const through = await http(proxy.url, { path, headers: METADATA });
    expect([through.status, through.body]).toEqual([200, direct.body]);
    expect(through.headers["server"]).toMatch(/^IMDS\//);
    expect((await http(proxy.url, { path })).status).toBe(400);
  });

  test("go nowhere where there is nothing", async () => {
    const { proxy } = await start();
    const text = `Get "http://169.254.169.254:80${path}": connect: connection refused\n`;
    expect(await http(proxy.url, { path })).toMatchObject({ status: 500, body: text });
    const { proxy: other } = await start({ metadataUrl: "http://127.0.0.1:1" });
    expect(await http(other.url, { path })).toMatchObject({ status: 500, body: text });
  });
});

describe("in the way of a pod", () => {
  const instance = "/metadata/instance?api-version=2021-02-01";
  const answeredBy = (answer: Answer): string =>
    answer.headers["server"]?.split("/")[0] ?? (answer.status === 200 ? "nmi" : "");

  test("takes new connections to the metadata address, ahead of NMI, for as long as it is set", async () => {
    const { clock, proxy } = await start();
    const node = await startNode(clock);
    expect(node.redirect).toBeUndefined();
    expect(answeredBy(await token(node))).toBe("nmi");
    await node.setRedirect(proxy);
    expect(node.redirect).toBe(proxy);
    expect(answeredBy(await token(node))).toBe("azure-workload-identity");
    await node.setRedirect(undefined);
    expect(answeredBy(await token(node))).toBe("nmi");
    await node.nmi.exitGracefully();
    expect(answeredBy(await token(node))).toBe("IMDS");
    expect(node.requests.map((request) => request.answeredBy)).toEqual(["nmi", "nmi", "imds"]);
    expect(proxy.requests.map((request) => request.answeredBy)).toEqual(["proxy"]);
  });

  test("leaves alone a connection that predates it", async () => {
    const { clock, proxy } = await start();
    const node = await startNode(clock, { nmi: { state: "down" } });
    const agent = keepAlive();
    expect(answeredBy(await token(node, {}, { agent }))).toBe("IMDS");
    await node.setRedirect(proxy);
    expect(answeredBy(await token(node, {}, { agent }))).toBe("IMDS");
    expect(answeredBy(await token(node))).toBe("azure-workload-identity");
  });

  test("refuses while the proxy is down, whatever NMI does", async () => {
    const { clock, proxy } = await start();
    const node = await startNode(clock);
    const agent = keepAlive();
    await node.setRedirect(proxy);
    await token(node, {}, { agent });
    await proxy.stop();
    expect(await failure(token(node))).toBe("ECONNREFUSED");
    await node.nmi.crash();
    await proxy.resume();
    expect(answeredBy(await token(node))).toBe("azure-workload-identity");
    await node.setRedirect(undefined);
    expect(await failure(token(node))).toBe("ECONNREFUSED");
  });

  test("sends other paths on to the node: to NMI, or to IMDS where there is none", async () => {
    const { clock, proxy } = await start();
    const node = await startNode(clock);
    await node.setRedirect(proxy);
    const through = async (): Promise<Answer> =>
      await http(node.metadataUrl, { path: instance, headers: METADATA });
    expect((await through()).status).toBe(200);
    await node.nmi.setState("down");
    expect((await through()).status).toBe(200);
    expect(node.requests.map(({ answeredBy: who, path }) => [who, path])).toEqual([
      ["nmi", "/metadata/instance"],
      ["imds", "/metadata/instance"],
    ]);
  });

  test("is not there for a pod on the host's network", async () => {
    const { clock, proxy } = await start();
    const pods = [{ name: "host", hostNetwork: true, addresses: ["127.0.0.9"] }, { name: "app" }];
    const node = await startNode(clock, { pods });
    await node.setRedirect(proxy);
    expect(answeredBy(await token(node, {}, { from: "127.0.0.9" }))).toBe("IMDS");
    expect(answeredBy(await token(node))).toBe("azure-workload-identity");
    await proxy.stop();
    expect(answeredBy(await token(node, {}, { from: "127.0.0.9" }))).toBe("IMDS");
    expect(await failure(token(node))).toBe("ECONNRESET");
  });

  test("has faults of its own", async () => {
    const { clock, proxy } = await start();
    const node = await startNode(clock);
    await node.setRedirect(proxy);
    proxy.faults.next("proxy", { kind: "status", status: 503 });
    expect((await token(node)).status).toBe(503);
    expect((await token(node)).status).toBe(200);
  });

  test("ends with the node, or with itself", async () => {
    const { clock, proxy } = await start();
    const node = await startNode(clock);
    await node.setRedirect(proxy);
    await node.close();
    expect(await failure(token(node))).toBe("ECONNREFUSED");
    expect((await http(proxy.readyzUrl)).status).toBe(200);
    const other = await startNode(clock);
    await other.setRedirect(proxy);
    await proxy.close();
    expect(await failure(token(other))).toBe("ECONNREFUSED");
  });

  test("gives the pod of the Azure SDK its token, on the way from pod identity", async () => {
    await using entra = await EntraSimulator.start();
    await using node = await NodeSimulator.start({ nmi: { state: "down" }, podIdentities: [] });
    await using proxy = await MigrationProxy.start({ entra });
    await node.setRedirect(proxy);
    const credential = "new identity.ManagedIdentityCredential(environment.ID)";
    const environment = { ...node.environment, ID: entra.identity.clientId };
    expect((await runSdk(asking(credential), environment))["oid"]).toBe(entra.identity.objectId);
    entra.federatedCredentials.remove(entra.identity);
    await proxy.stop();
    await proxy.resume();
    const failed =
      "new identity.ManagedIdentityCredential({ clientId: environment.ID, retryOptions: { maxRetries: 0 } })";
    expect(await runSdk(asking(failed), environment)).toMatchObject({
      error: "CredentialUnavailableError",
      message: expect.stringContaining("network_error") as unknown,
    });
  });
});
