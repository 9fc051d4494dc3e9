import { createRemoteJWKSet, jwtVerify } from "jose";
import { expect, onTestFinished, test } from "vitest";
import { NodeSimulator } from "../../src/testing/node-simulator.js";
import {
  failure,
  http,
  json,
  keepAlive,
  manualNode,
  METADATA,
  RESOURCE,
  token,
  tokenPath,
} from "./harness.js";

test("hands out the environment that points clients at it", async () => {
  const { simulator } = await manualNode();
  expect(simulator.environment).toEqual({
    AZURE_IDENTITY_GUARD_NMI_URL: simulator.healthUrl,
    AZURE_POD_IDENTITY_AUTHORITY_HOST: simulator.metadataUrl,
  });
  expect(simulator.healthUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/healthz$/);
  expect(simulator.metadataUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
});

test("runs on the machine's clock where it is given none", async () => {
  await using simulator = await NodeSimulator.start();
  expect((await token(simulator)).status).toBe(200);
});

test("publishes the keys that verify its tokens", async () => {
  const { simulator } = await manualNode();
  const { access_token: accessToken } = json(await token(simulator));
  const { payload } = await jwtVerify(String(accessToken), createRemoteJWKSet(new URL(simulator.jwksUrl)), {
    currentDate: new Date(Date.UTC(2026, 0, 1)),
    audience: RESOURCE,
  });
  expect(payload["oid"]).toBe(simulator.identity.objectId);
});

test("records what was asked, by whom, and what came of it, but no token", async () => {
  const { simulator, clock } = await manualNode();
  const path = "/metadata/identity/oauth2/token";
  await token(simulator, { client_id: simulator.identity.clientId }, { from: "127.0.0.7" });
  await clock.advance(0);
  expect(simulator.requests).toEqual([
    {
      id: 1,
      answeredBy: "nmi",
      at: clock.now(),
      method: "GET",
      path,
      query: { "api-version": "2018-02-01", resource: RESOURCE, client_id: simulator.identity.clientId },
      headers: expect.objectContaining({ metadata: "true" }) as unknown,
      sourceAddress: "127.0.0.7",
      socketId: expect.any(Number) as unknown,
      status: 200,
      outcome: "ended",
      endedAt: clock.now(),
    },
  ]);
  expect(JSON.stringify(simulator.requests)).not.toContain("eyJ");
});

test("keeps the last requests only", async () => {
  const { simulator } = await manualNode({ maxRequests: 2 });
  for (let i = 0; i < 3; i += 1) await http(simulator.healthUrl);
  expect(simulator.requests.map(({ id }) => id)).toEqual([2, 3]);
});

test("tells of the next request that matches, as it arrives", async () => {
  const { simulator } = await manualNode();
  simulator.faults.always("nmi", { kind: "hang" });
  const arrived = simulator.nextRequest(({ answeredBy }) => answeredBy === "nmi");
  await http(simulator.healthUrl);
  void failure(token(simulator));
  expect(await arrived).toMatchObject({ answeredBy: "nmi", outcome: "pending" });
});

test("does not leave anybody waiting for a request when it closes", async () => {
  const { simulator } = await manualNode();
  const arrived = simulator.nextRequest();
  await simulator.close();
  await expect(arrived).rejects.toThrow("closed");
});

test("ends its connections and stops listening when it closes", async () => {
  const simulator = await NodeSimulator.start();
  const agent = keepAlive();
  await token(simulator, {}, { agent });
  const held = (async () => {
    simulator.faults.always("metadata", { kind: "hang" });
    return await failure(token(simulator));
  })();
  await simulator.nextRequest();
  await simulator.close();
  expect(await held).toBe("ECONNRESET");
  for (const url of [simulator.healthUrl, simulator.metadataUrl, simulator.jwksUrl]) {
    expect(await failure(http(url))).toBe("ECONNREFUSED");
  }
});

test("does not leave a listener behind where another cannot start", async () => {
  const first = await NodeSimulator.start();
  onTestFinished(async () => await first.close());
  const jwksPort = Number(new URL(first.jwksUrl).port);
  await expect(NodeSimulator.start({ jwksPort })).rejects.toMatchObject({ code: "EADDRINUSE" });
});

test("listens where it is told to", async () => {
  const { simulator } = await manualNode({ host: "127.0.0.2", metadataHost: "127.0.0.3" });
  expect(new URL(simulator.healthUrl).hostname).toBe("127.0.0.2");
  expect(new URL(simulator.jwksUrl).hostname).toBe("127.0.0.2");
  expect((await token(simulator)).status).toBe(200);
  expect(new URL(simulator.metadataUrl).hostname).toBe("127.0.0.3");
});

test("stops and listens again on all interfaces", async () => {
  const { simulator } = await manualNode({ host: "0.0.0.0" });
  await simulator.nmi.crash();
  expect(await failure(http(simulator.healthUrl))).toBe("ECONNREFUSED");
  await simulator.nmi.start();
  expect((await http(simulator.healthUrl)).body).toBe("Active");
});

test("keeps its port through many stops", async () => {
  const { simulator } = await manualNode();
  for (let i = 0; i < 20; i += 1) {
    const crashed = simulator.nmi.crash();
    const started = simulator.nmi.start();
    await Promise.all([crashed, started]);
    expect((await http(simulator.healthUrl)).status).toBe(200);
    await simulator.nmi.crash();
    expect(await failure(http(simulator.healthUrl))).toBe("ECONNREFUSED");
  }
});

test.each([0, -1, NaN, Infinity])("refuses the time scale %s", async (timeScale) => {
  await expect(NodeSimulator.start({ timeScale })).rejects.toThrow(RangeError);
});

test("has an identity to assign where none is assigned", async () => {
  const { simulator } = await manualNode({ podIdentities: [] });
  expect(simulator.mic.assignments).toEqual([]);
  simulator.mic.assign("app", simulator.identity);
  const answer = await http(simulator.metadataUrl, { path: tokenPath(), headers: METADATA });
  expect(answer.status).toBe(200);
});
