import { describe, expect, test } from "vitest";
import { nodeRows } from "../../../src/cli/demo-page/node-rows.js";
import { PAGE_ACTIONS, type PageStage } from "../../../src/cli/demo-page/page-actions.js";
import { NodeSimulator } from "../../../src/testing/node-simulator.js";

interface World extends AsyncDisposable {
  readonly node: NodeSimulator;
  readonly calls: readonly string[];
  readonly press: (name: string) => Promise<void>;
  /** What the page says of the node, where it is not well. */
  readonly troubles: () => readonly string[];
}

async function world(): Promise<World> {
  const node = await NodeSimulator.start({ nodeIdentities: [], systemAssigned: { name: "node" } });
  const calls: string[] = [];
  const stage: PageStage = {
    node,
    needMore: () => void calls.push("needMore"),
    restart: () => Promise.resolve(void calls.push("restart")),
  };
  return {
    node,
    calls,
    press: async (name) => await PAGE_ACTIONS.find((each) => each.name === name)?.act(stage),
    troubles: () =>
      nodeRows(node)
        .filter(({ tone }) => tone !== "good")
        .map(({ name, words }) => `${name}: ${words}`),
    [Symbol.asyncDispose]: async () => await node.close(),
  };
}

const NO_RULE = "Its rule: gone: requests go to IMDS";
const BREAKS: readonly (readonly [name: string, troubles: readonly string[]])[] = [
  ["stop-nmi", ["NMI: not running", NO_RULE]],
  ["exit-nmi", ["NMI: shutting down, and still says what it said before", NO_RULE]],
  ["crash-nmi", ["NMI: killed"]],
  ["drop-rule", [NO_RULE]],
  ["unassign-identity", ["Identity assigned: none"]],
  ["swap-identity", ["Identity assigned: another: other"]],
  ["throttle-imds", ["IMDS: throttled: 429"]],
];

describe("a button that breaks", () => {
  test("is in the table below", () => {
    const names = PAGE_ACTIONS.filter(({ group }) => group === "break").map(({ name }) => name);
    expect(names).toEqual(BREAKS.map(([name]) => name));
  });

  test.each(BREAKS)("%s breaks that alone, has both need a token, and is mended", async (name, troubles) => {
    await using demo = await world();
    expect(demo.troubles()).toEqual([]);
    await demo.press(name);
    expect(demo.troubles()).toEqual(troubles);
    expect(demo.calls).toEqual(["needMore"]);
    await demo.press("mend-all");
    expect(demo.troubles()).toEqual([]);
    expect(demo.calls).toEqual(["needMore"]);
  });
});

test.each([
  ["drop-rule", "restore-rule"],
  ["unassign-identity", "assign-identity"],
  ["swap-identity", "assign-identity"],
  ["throttle-imds", "end-throttling"],
])("%s is undone by %s", async (broken, mended) => {
  await using demo = await world();
  await demo.press(broken);
  await demo.press(mended);
  expect(demo.troubles()).toEqual([]);
});

test("start-nmi answers at once, and NMI comes up by itself", { timeout: 20_000 }, async () => {
  await using demo = await world();
  await demo.press("stop-nmi");
  await demo.press("start-nmi");
  expect(demo.node.nmi.state).toBe("starting");
  await expect.poll(() => demo.troubles(), { timeout: 15_000 }).toEqual([]);
});

test("mending twice assigns the identity once", async () => {
  await using demo = await world();
  await demo.press("mend-all");
  await demo.press("assign-identity");
  expect(demo.node.mic.assignments).toHaveLength(1);
});

test("restart and need-more do what they say", async () => {
  await using demo = await world();
  await demo.press("need-more");
  await demo.press("restart");
  expect(demo.calls).toEqual(["needMore", "restart"]);
});

test("names are unique, and fit the path", () => {
  const names = PAGE_ACTIONS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-z]+(-[a-z]+)*$/u);
});
