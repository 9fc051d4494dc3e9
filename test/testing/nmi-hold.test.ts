import { expect, test } from "vitest";
import type { NodeSimulator } from "../../src/testing/node-simulator.js";
import type { ManualClock } from "../../src/testing/manual-clock.js";
import { createIdentity } from "../../src/testing/simulated-identity.js";
import { manualNode, token } from "./harness.js";
import type { Answer } from "./harness.js";

const none = { podIdentities: [] };

/** Asks, and reports the answer with the seconds until it came. */
async function held(
  { simulator, clock }: { simulator: NodeSimulator; clock: ManualClock },
  parameters: Record<string, string> = {},
): Promise<Answer & { seconds: number }> {
  const start = clock.elapsed();
  const answer = token(simulator, parameters);
  const request = await simulator.nextRequest();
  await clock.advance(0);
  while (request.outcome === "pending" && clock.elapsed() - start < 300_000) await clock.advance(1000);
  return { ...(await answer), seconds: (clock.elapsed() - start) / 1000 };
}

const waited = (state: string, attempts: number, prefix = ""): string =>
  `${prefix}getting assigned identities for pod default/app in ${state} state failed after ${attempts} attempts, ` +
  "retry duration [5]s, error: <nil>. Check MIC pod logs for identity assignment errors\n";

test("ends after 80 s where nothing is assigned", async () => {
  const { status, body, seconds } = await held(await manualNode(none));
  expect({ status, body, seconds }).toEqual({ status: 404, body: waited("CREATED", 16), seconds: 80 });
});

test("ends after 100 s where the identity stays in Created", async () => {
  const node = await manualNode(none);
  node.simulator.mic.assign("app", {}, { afterMs: Infinity });
  const { status, body, seconds } = await held(node);
  expect({ status, body, seconds }).toEqual({ status: 404, body: waited("ASSIGNED", 20), seconds: 100 });
});

test("holds a request for an identity that the pod does not have, and names it redacted", async () => {
  const node = await manualNode();
  const { clientId } = createIdentity({ name: "stranger" });
  const prefix = `clientID in request: ${clientId.slice(0, 4)}##### REDACTED #####${clientId.slice(-4)}, `;
  const { body, seconds } = await held(node, { client_id: clientId });
  expect({ body, seconds }).toEqual({ body: waited("CREATED", 16, prefix), seconds: 80 });
});

test("holds for an ARM ID that the pod does not have, without naming it", async () => {
  const node = await manualNode();
  const { resourceId } = createIdentity({ name: "stranger" });
  expect(await held(node, { msi_res_id: resourceId })).toMatchObject({
    body: waited("CREATED", 16),
    seconds: 80,
  });
});

test.each([
  { afterMs: 5000, seconds: 5 },
  { afterMs: 5001, seconds: 10 },
  { afterMs: 47_000, seconds: 50 },
  { afterMs: 95_000, seconds: 95 },
])(
  "answers at its next look, after $seconds s, where the assignment takes $afterMs ms",
  async ({ afterMs, seconds }) => {
    const node = await manualNode(none);
    node.simulator.mic.assign("app", {}, { afterMs });
    expect(await held(node)).toMatchObject({ status: 200, seconds });
  },
);

test("gives up though the identity is assigned 99 s later: it does not look again", async () => {
  const node = await manualNode(none);
  node.simulator.mic.assign("app", {}, { afterMs: 99_000 });
  expect(await held(node)).toMatchObject({ status: 404, seconds: 100 });
});

test("gives up after 80 s where MIC has not even created the assignment", async () => {
  const node = await manualNode(none);
  node.simulator.mic.assign("app", {}, { createdAfterMs: 81_000 });
  expect(await held(node)).toMatchObject({ status: 404, seconds: 80 });
});

test("answers at once in managed mode, assigned or not", async () => {
  const node = await manualNode({ ...none, nmi: { mode: "managed" } });
  node.simulator.mic.assign("app", {}, { afterMs: 10_000 });
  expect(await held(node)).toMatchObject({ status: 404, seconds: 0 });
});

test("ends the wait when the client leaves", async () => {
  const { simulator, clock } = await manualNode(none);
  const client = new AbortController();
  const left = token(simulator, {}, { signal: client.signal }).catch(() => "left");
  const request = await simulator.nextRequest();
  await clock.advance(12_000);
  expect(clock.pending).toBe(1);
  client.abort();
  await left;
  await clock.advance(0);
  expect({ pending: clock.pending, outcome: request.outcome, status: request.status }).toEqual({
    pending: 0,
    outcome: "aborted",
    status: undefined,
  });
});

test("takes its three values from the flags", async () => {
  const nmi = { findIdentityRetryIntervalMs: 1000, retryAttemptsForCreated: 1, retryAttemptsForAssigned: 1 };
  const node = await manualNode({ ...none, nmi });
  expect(await held(node)).toMatchObject({
    status: 404,
    seconds: 1,
    body: waited("CREATED", 1).replace("[5]", "[1]"),
  });
});

test("says 503 with Retry-After in that mode, also for what waiting does not cure", async () => {
  const { simulator } = await manualNode({ nmi: { setRetryAfterHeader: true } });
  const wrongCase = simulator.identity.clientId.toUpperCase();
  const { status, headers, body } = await token(simulator, { client_id: wrongCase });
  expect({ status, retryAfter: headers["retry-after"] }).toEqual({ status: 503, retryAfter: "20" });
  expect(body).toMatch(/^no azure identity found/);
});

test("divides the wait, and Retry-After, by the scale", async () => {
  const node = await manualNode({ ...none, timeScale: 1 / 5, nmi: { setRetryAfterHeader: true } });
  const answer = await held(node);
  expect(answer).toMatchObject({ status: 503, body: waited("CREATED", 16) });
  expect({ seconds: answer.seconds, retryAfter: answer.headers["retry-after"] }).toEqual({
    seconds: 16,
    retryAfter: "4",
  });
});

test("leaves no timer behind when the simulator closes", async () => {
  const { simulator, clock } = await manualNode({ ...none, imds: { latencyMs: 1000 } });
  simulator.mic.assign("app", { name: "one" }, { afterMs: 60_000 });
  simulator.imds.attach({ name: "two" }, { afterMs: 60_000 });
  void simulator.nmi.exitGracefully();
  simulator.faults.next("health", { kind: "delay", ms: 1000 });
  const broken = token(simulator).catch(() => "broken");
  await simulator.nextRequest();
  await clock.advance(0);
  expect(clock.pending).toBeGreaterThan(3);
  await simulator.close();
  await simulator.close();
  await broken;
  await clock.advance(0);
  expect(clock.pending).toBe(0);
});
