import { expect, test } from "vitest";
import { manualNode } from "./harness.js";

const none = { podIdentities: [], nodeIdentities: [] };

test("assigns at once, and attaches to the node, where it is told no delay", async () => {
  const { simulator } = await manualNode(none);
  const identity = simulator.mic.assign("app", { name: "new" });
  expect(simulator.mic.assignments).toEqual([
    { pod: "default/app", identity, namespace: "default", state: "Assigned" },
  ]);
  expect(simulator.imds.identities).toEqual([identity]);
});

test("goes from nothing to Created to Assigned, and attaches at the end", async () => {
  const { simulator, clock } = await manualNode(none);
  simulator.mic.assign("app", {}, { createdAfterMs: 1000, afterMs: 40_000 });
  const state = (): unknown => [simulator.mic.assignments[0]?.state, simulator.imds.identities.length];
  await clock.advance(999);
  expect(state()).toEqual([undefined, 0]);
  await clock.advance(1);
  expect(state()).toEqual(["Created", 0]);
  await clock.advance(39_999);
  expect(state()).toEqual(["Created", 0]);
  await clock.advance(1);
  expect(state()).toEqual(["Assigned", 1]);
});

test("replaces an earlier assignment of the same identity", async () => {
  const { simulator, clock } = await manualNode(none);
  const identity = simulator.mic.assign("app", {}, { afterMs: 1000 });
  simulator.mic.assign("app", identity, { afterMs: 5000 });
  await clock.advance(1000);
  expect(simulator.mic.assignments.map(({ state }) => state)).toEqual(["Created"]);
});

test("detaches what it attached with the last pod that has it", async () => {
  const { simulator } = await manualNode({ ...none, pods: [{ name: "a", addresses: [] }, { name: "b" }] });
  const identity = simulator.mic.assign("a", {});
  simulator.mic.assign("b", identity);
  simulator.mic.unassign("b", identity);
  expect(simulator.imds.identities).toHaveLength(1);
  simulator.mic.unassign("a", identity.clientId.toUpperCase());
  expect(simulator.imds.identities).toHaveLength(0);
});

test("detaches what it attached also where that pod leaves first", async () => {
  const { simulator } = await manualNode({ ...none, pods: [{ name: "a", addresses: [] }, { name: "b" }] });
  const identity = simulator.mic.assign("a", {});
  simulator.mic.assign("b", identity);
  simulator.mic.unassign("a", identity);
  expect(simulator.imds.identities).toHaveLength(1);
  simulator.mic.unassign("b", identity);
  expect(simulator.imds.identities).toHaveLength(0);
});

test("leaves attached what the node had before", async () => {
  const { simulator } = await manualNode(none);
  const identity = simulator.imds.attach({});
  simulator.mic.assign("app", identity);
  simulator.mic.unassign("app", identity);
  expect(simulator.imds.identities).toEqual([identity]);
});

test("does not go on with an assignment that was taken back", async () => {
  const { simulator, clock } = await manualNode(none);
  const identity = simulator.mic.assign("app", {}, { afterMs: 1000 });
  simulator.mic.unassign("app", identity);
  await clock.advance(1000);
  expect({ assigned: simulator.mic.assignments, pending: clock.pending }).toEqual({
    assigned: [],
    pending: 0,
  });
});

test("names the pods there are where it is given another", async () => {
  const { simulator } = await manualNode();
  expect(() => simulator.mic.assign("nobody", {})).toThrow("default/app");
});
