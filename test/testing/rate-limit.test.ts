import { expect, test } from "vitest";
import type { ImdsOptions } from "../../src/testing/imds.js";
import type { NodeSimulatorOptions } from "../../src/testing/simulator-options.js";
import { manualNode, token } from "./harness.js";
import type { Answer } from "./harness.js";

const node = (imds: ImdsOptions = {}): NodeSimulatorOptions => ({
  nmi: { state: "down" },
  podIdentities: [],
  imds,
});
const counts = (answers: readonly Answer[]): Record<number, number> =>
  Object.fromEntries([200, 429].map((status) => [status, answers.filter((a) => a.status === status).length]));

test("lets 20 requests pass in any second, and refuses the rest", async () => {
  const { simulator, clock } = await manualNode(node());
  const answers: Answer[] = [];
  for (let i = 0; i < 25; i += 1) answers.push(await token(simulator));
  expect(counts(answers)).toEqual({ 200: 20, 429: 5 });
  await clock.advance(999);
  expect((await token(simulator)).status).toBe(429);
  await clock.advance(1);
  expect((await token(simulator)).status).toBe(200);
  expect(simulator.imds.counters).toEqual({ requests: 27, fromNmi: 0, tokens: 21, throttled: 6 });
});

test("lets 5 requests run together, and refuses the rest", async () => {
  const { simulator, clock } = await manualNode(node({ latencyMs: 100 }));
  const asked = Array.from({ length: 8 }, async () => await token(simulator));
  for (let i = 0; i < 8; i += 1) await clock.advance(0);
  await clock.advance(100);
  expect(counts(await Promise.all(asked))).toEqual({ 200: 5, 429: 3 });
  expect(
    (await Promise.all([token(simulator), clock.advance(0).then(() => clock.advance(100))]))[0].status,
  ).toBe(200);
});

test("counts what NMI asks", async () => {
  const { simulator } = await manualNode({ imds: { limits: { perSecond: 1 } } });
  await token(simulator);
  await simulator.nmi.dropRule();
  expect((await token(simulator, { client_id: simulator.identity.clientId })).status).toBe(429);
});

test("changes one limit and leaves the other", async () => {
  const { simulator } = await manualNode(node());
  simulator.imds.setLimits({ perSecond: 1 });
  expect(simulator.imds.limits).toEqual({ perSecond: 1, concurrent: 5 });
  await token(simulator);
  expect((await token(simulator)).status).toBe(429);
});
