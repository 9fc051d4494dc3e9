import { expect, test } from "vitest";
import type { ServiceEvent } from "../../../src/cli/demo-events.js";
import { SideTally } from "../../../src/cli/demo-page/side-tally.js";
import { NODE, POD, START, token } from "../demo-run.js";
import { KEY_VAULT, STORAGE } from "../../../src/cli/demo-script.js";

function tally(): SideTally {
  const side = new SideTally({
    pod: { name: "app", objectId: POD },
    node: { name: "node", objectId: NODE },
  });
  side.started();
  return side;
}

const asked = (atMs: number, resource: string = KEY_VAULT): ServiceEvent => ({
  who: "guarded",
  type: "asked",
  at: START + atMs,
  resource,
});

test("counts whose tokens callers got, and says so for each resource", () => {
  const side = tally();
  side.take(token("guarded", 0, POD));
  side.take(token("guarded", 1_000, POD));
  side.take(token("guarded", 1_000, NODE, { resource: STORAGE }));
  expect(side.wrong).toBe(1);
  expect(side.view(START + 1_000)).toMatchObject({
    tone: "bad",
    headline: "1 wrong, 2 right, 0 errors",
    rows: [
      { name: "Key Vault", tone: "good", words: "right token, of this pod" },
      { name: "Storage", tone: "bad", words: "WRONG token, of the node" },
    ],
  });
});

test.each([
  ["somebody else", "33333333-3333-4333-8333-333333333333", "WRONG token, of another identity"],
  ["nobody who can be read", undefined, "WRONG token, of nobody who can be read"],
])("a token of %s is wrong", (_who, objectId, words) => {
  const side = tally();
  side.take(token("guarded", 0, objectId));
  expect(side.view(START).rows).toMatchObject([{ tone: "bad", words }]);
});

test("an answer is told once, until it is another one", () => {
  const side = tally();
  expect(side.take(token("guarded", 0, POD))).toMatchObject({
    words: "Key Vault: right token, of this pod",
  });
  expect(side.take(token("guarded", 1_000, POD))).toBeUndefined();
  expect(side.take(token("guarded", 2_000, NODE))).toMatchObject({ tone: "bad" });
});

test("a caller that waits for longer than a moment is seen to wait", () => {
  const side = tally();
  side.take(token("guarded", 0, POD));
  side.take(asked(1_000));
  expect(side.view(START + 1_500).rows[0]?.words).toBe("right token, of this pod");
  expect(side.view(START + 4_500).rows[0]?.words).toBe("waits for 3 s, no token yet");
  side.take({
    who: "guarded",
    type: "error",
    at: START + 11_000,
    askedAt: START + 1_000,
    resource: KEY_VAULT,
    code: "ERR_GUARD_GATE_CLOSED",
  });
  const { headline, rows } = side.view(START + 11_500);
  expect(rows[0]).toMatchObject({ tone: "wait", words: "no token: ERR_GUARD_GATE_CLOSED" });
  expect(headline).toBe("0 wrong, 1 right, 1 error");
});

test("shows the gate and the health, and tells of a gate once", () => {
  const side = tally();
  const gate: ServiceEvent = {
    who: "guarded",
    type: "gate",
    at: START,
    state: "closed",
    reason: "route-bypassed",
  };
  const words = "gate closed: NMI says active, but IMDS answers";
  expect(side.take(gate)).toMatchObject({ words });
  expect(side.take(gate)).toBeUndefined();
  side.take({ who: "guarded", type: "health", at: START, from: "ready", to: "degraded", reason: "" });
  expect(side.view(START).gate).toBe(`degraded; ${words}`);
});

test("a restart forgets answers, and keeps the counts", () => {
  const side = tally();
  side.take(token("guarded", 0, NODE));
  side.restarting();
  expect(side.view(START)).toMatchObject({
    tone: "idle",
    headline: "starting (1 wrong, 0 right, 0 errors)",
    rows: [],
  });
  side.started();
  expect(side.view(START)).toMatchObject({ tone: "bad", headline: "1 wrong, 0 right, 0 errors" });
});

test("a process that ended says how, and what to do", () => {
  const side = tally();
  expect(side.take({ who: "guarded", type: "died", at: START, by: "SIGKILL" })).toMatchObject({
    tone: "bad",
  });
  expect(side.view(START).headline).toMatch(/^ended \(SIGKILL\); restart both services/u);
});
