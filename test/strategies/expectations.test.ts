import { describe, expect, it } from "vitest";
import { expectedOf } from "./expectations.js";
import { VARIANT_NAMES, type VariantName } from "./variants.js";
import { SLACK_S, violations } from "./violations.js";
import { PROMISES } from "./promises.js";
import { SCENARIOS, type NamedScenario, type ScenarioName } from "./scenarios.js";
import type { Timeline, TimelineEvent } from "./timeline.js";

const scenarioOf = (name: ScenarioName): NamedScenario => SCENARIOS.find((each) => each.name === name)!;

/** A pod in short: when its container runs (and runs again), is ready and not, and whose token it has. */
interface Story {
  readonly runs?: readonly number[];
  /** When it ends, and does not run again. */
  readonly ends?: number;
  readonly ready?: readonly number[];
  readonly token?: Readonly<Record<number, "right" | "wrong" | "none">>;
}

function timelineOf(strategy: VariantName, scenario: NamedScenario, story: Story): Timeline {
  const events: TimelineEvent[] = [];
  const container = { kind: "container", container: "app", init: false } as const;
  for (const [restartCount, at] of (story.runs ?? []).entries()) {
    if (restartCount > 0)
      events.push({ at, ...container, state: "terminated", reason: "Error", exitCode: 143, restartCount });
    events.push({ at, ...container, state: "running", restartCount });
  }
  if (story.ends !== undefined)
    events.push({
      at: story.ends,
      ...container,
      state: "terminated",
      reason: "Error",
      exitCode: 1,
      restartCount: 1,
    });
  for (const [index, at] of (story.ready ?? []).entries())
    events.push({ at, kind: "condition", condition: "Ready", status: index % 2 === 0 });
  // Of whom nothing is said has its identity's, from each start on.
  const token = story.token ?? Object.fromEntries((story.runs ?? []).map((at) => [at, "right"] as const));
  for (const [at, identity] of Object.entries(token))
    events.push({ at: Number(at), kind: "token", identity });
  events.sort((one, other) => one.at - other.at);
  return { strategy, scenario: scenario.name, lasts: scenario.lasts, events };
}

function judged(strategy: VariantName, name: ScenarioName, story: Story): string {
  const scenario = scenarioOf(name);
  return violations(timelineOf(strategy, scenario, story), scenario, SLACK_S.cluster)
    .map((sentence) => sentence.slice(`${strategy}, ${scenario.title}: `.length))
    .join("; ");
}

describe("violations", () => {
  it("name the strategy and the scenario", () => {
    const scenario = scenarioOf("nmi-missing");
    expect(violations(timelineOf("nmi-init", scenario, { runs: [1] }), scenario, SLACK_S.cluster)).toEqual([
      "nmi-init, NMI is missing, several identities on the node: the application's container was started at 1 s, and never should be",
    ]);
  });

  it.each<[VariantName, ScenarioName, Story, string]>([
    ["nmi-init", "in-place", { runs: [1], ready: [1] }, ""],
    ["nmi-init", "in-place", {}, "never started, and should be from 0 s on"],
    ["nmi-init", "nmi-late", { runs: [23], ready: [23] }, ""],
    ["nmi-init", "nmi-late", { runs: [2], ready: [2] }, "started at 2 s, before 22 s"],
    ["nmi-init", "nmi-late", { runs: [44], ready: [44] }, "started at 44 s, after 37 s"],
    ["nmi-exec-probes", "nmi-missing", { runs: [1, 300] }, ""],
    ["nmi-exec-probes", "nmi-missing", { runs: [1, 300], ready: [12] }, "ready for 318 s"],
    ["nmi-exec-probes", "nmi-missing", { runs: [1, 52] }, "should be once, between 295 s and 310 s"],
    ["nmi-in-code", "nmi-missing", { runs: [1], token: {} }, "never restarted"],
    ["shell-wget", "nmi-missing", { runs: [301] }, "never should be"],
    ["nmi-exec-probes", "nmi-freezes", { runs: [1, 56], ready: [5, 38, 97] }, ""],
    ["nmi-exec-probes", "nmi-freezes", { runs: [1, 56], ready: [5, 40, 97] }, "and should not be"],
    ["nmi-exec-probes", "nmi-freezes", { runs: [1, 63], ready: [5, 38, 97] }, "restarted at 63 s"],
    ["nmi-in-code", "nmi-freezes", { runs: [1], ready: [5, 43, 97] }, ""],
    ["nmi-in-code", "nmi-freezes", { runs: [1], ready: [5, 45, 97] }, "and should not be"],
    ["nmi-exec-probes", "nmi-crashes", { runs: [1], ready: [5, 31, 45] }, ""],
    ["nmi-exec-probes", "nmi-crashes", { runs: [1], ready: [5] }, "and should not be"],
    ["nmi-exec-probes", "nmi-crashes", { runs: [1], ready: [5, 20, 22, 31, 45] }, "should be for all"],
    ["nmi-exec-probes", "nmi-crashes", { runs: [1], ready: [5, 31] }, "should be for all"],
    ["nmi-exec-probes", "nmi-crashes", { runs: [1], ready: [5, 38, 45] }, "and should not be"],
    ["nmi-in-code", "nmi-crashes", { runs: [1], ready: [5, 38, 45] }, ""],
    ["nmi-in-code", "rule-dropped", { runs: [1], ready: [5, 31, 60] }, ""],
    ["nmi-in-code", "nmi-crashes", { runs: [1], ready: [5, 31, 58] }, "should be for all"],
    [
      "nmi-exec-probes",
      "nmi-crashes",
      { runs: [1, 40], ready: [5, 31, 45] },
      "restarted at 40 s, and should",
    ],
    ["nmi-exec-probes", "nmi-crashes-long", { runs: [1, 52], ready: [5, 31, 97] }, ""],
    ["nmi-exec-probes", "nmi-crashes-long", { runs: [1, 40], ready: [5, 31, 97] }, "restarted at 40 s"],
    [
      "nmi-exec-probes",
      "nmi-crashes-long",
      { runs: [1, 52, 101], ready: [5, 31, 99] },
      "should be once, between 50 s and 60 s",
    ],
    ["nmi-exec-probes", "nmi-crashes-long", { runs: [1, 62], ready: [5, 31, 97] }, "restarted at 62 s"],
    ["nmi-exec-probes", "nmi-crashes-long", { runs: [1], ready: [5, 31, 97] }, "never restarted"],
    ["nmi-exec-probes", "nmi-crashes-long", { runs: [1, 52], ends: 99, ready: [5, 31, 97] }, "ended at 99 s"],
    [
      "nmi-exec-probes",
      "rule-dropped-early",
      { runs: [1, 52], ready: [5, 15, 79], token: { 1: "right", 53: "wrong" } },
      "",
    ],
    [
      "nmi-exec-probes",
      "rule-dropped-early",
      { runs: [1, 52], ready: [5, 15, 79] },
      "is held to have another",
    ],
    ["nmi-exec-probes", "rule-dropped-early", { runs: [1, 37], ready: [5, 15, 79] }, "restarted at 37 s"],
    ["nmi-exec-probes", "rule-missing", { runs: [1], ready: [27], token: { 1: "wrong" } }, ""],
    ["nmi-exec-probes", "rule-missing", { runs: [1], ready: [5], token: { 1: "wrong" } }, "ready for 17 s"],
    ["nmi-in-code", "rule-missing", { runs: [1], ready: [36], token: { 30: "right" } }, ""],
    ["shell-wget", "rule-missing", { runs: [1], ready: [1], token: { 1: "wrong" } }, ""],
    ["arm-init", "role-late", { runs: [25], ready: [25] }, ""],
    ["arm-init", "role-late", { runs: [1], ready: [1] }, "started at 1 s, before 22 s"],
    ["token-init", "role-late", { runs: [1], ready: [1] }, ""],
    ["nmi-in-code", "nmi-crashes-long", { runs: [1], ready: [5, 31, 97] }, ""],
    ["nmi-in-code", "nmi-crashes-long", { runs: [1, 52], ready: [5, 31, 97] }, "should not be"],
    ["nmi-in-code", "nmi-crashes-tokens-expire", { runs: [1, 86], ready: [5, 31, 97] }, ""],
    ["nmi-in-code", "nmi-crashes-tokens-expire", { runs: [1, 52], ready: [5, 31, 97] }, "restarted at 52 s"],
    ["nmi-init", "nmi-exits", { runs: [1], ready: [1], token: { 1: "right", 37: "wrong" } }, ""],
    ["nmi-init", "nmi-exits", { runs: [1], ready: [1], token: { 1: "right" } }, "held to have another"],
    [
      "nmi-init",
      "nmi-exits",
      { runs: [1], ready: [1], token: { 1: "right", 37: "wrong", 55: "right" } },
      "from 52 s to 60 s, and had it for 3 s",
    ],
    ["nmi-init", "nmi-exits", { runs: [1], ready: [1], token: { 1: "wrong" } }, "from 1 s to 37 s"],
    ["token-in-code", "identity-recreated", { runs: [1], ready: [1], token: { 60: "wrong" } }, "from 60 s"],
    ["token-in-code", "identity-recreated", { runs: [1], ready: [1], token: { 1: "right" } }, ""],
    ["token-exec-probes", "nmi-late", { runs: [1], ready: [26], token: { 1: "wrong" } }, ""],
    ["nmi-exec-probes", "in-place", { runs: [1], ready: [1, 5, 7] }, "became ready at 1 s, 7 s"],
    ["nmi-exec-probes", "nmi-crashes", { runs: [1], ready: [5, 28, 30, 33, 45] }, "became ready at 30 s"],
    ["nmi-init", "in-place", { runs: [1], ready: [1], token: {} }, "its identity's token for 0 s"],
    ["nmi-in-code", "identity-missing", { runs: [1], ready: [1, 81], token: {} }, ""],
    ["nmi-in-code", "identity-missing", { runs: [1], ready: [1], token: {} }, "and should not be"],
    ["nmi-in-code", "identity-missing", { runs: [1], ready: [1, 60], token: {} }, "should be for all"],
    [
      "nmi-in-code",
      "nmi-crashes",
      { runs: [1], ready: [5, 31, 45], token: { 1: "right", 35: "none", 44: "right" } },
      "its identity's token for 3 s",
    ],
    ["nmi-in-code", "identity-recreated", { runs: [1], ready: [1], token: { 1: "right", 62: "wrong" } }, ""],
    [
      "nmi-in-code-oid",
      "identity-recreated",
      { runs: [1], ready: [1], token: { 1: "right", 62: "wrong" } },
      "had another",
    ],
    ["nmi-in-code-oid", "nmi-missing-one", { runs: [1], token: { 1: "wrong" } }, "had another"],
    ["nmi-exec-probes", "nmi-missing-one", { runs: [1], token: { 1: "wrong" } }, ""],
    ["nmi-exec-probes", "nmi-missing-one", { runs: [1], token: { 1: "none" } }, "is held to have another"],
    ["shell-wget", "nmi-not-active", { runs: [1], ready: [1], token: { 1: "wrong" } }, ""],
    ["shell-wget", "nmi-not-active", {}, "never started, and should be"],
  ])("of %s in %s: %j: %s", (strategy, scenario, story, violation) => {
    const found = judged(strategy, scenario, story);
    if (violation === "") expect(found).toBe("");
    else expect(found).toContain(violation);
  });
});

describe("expectations", () => {
  it("are that the published way lets Not Active through, and that no other does", () => {
    const ready = VARIANT_NAMES.filter((strategy) =>
      expectedOf(PROMISES[strategy], scenarioOf("nmi-not-active")).ready.some(({ holds }) => holds),
    );
    expect(ready).toEqual(["shell-wget"]);
  });

  it("are that only who looks at each token where it is used never works with another's", () => {
    const clean = VARIANT_NAMES.filter((strategy) =>
      SCENARIOS.every((scenario) => expectedOf(PROMISES[strategy], scenario).wrong.length === 0),
    );
    expect(clean).toEqual(["nmi-in-code-oid", "token-in-code"]);
  });

  it("are that all become ready, and none is restarted, where everything is in place", () => {
    for (const strategy of VARIANT_NAMES) {
      const { starts, ready, restart } = expectedOf(PROMISES[strategy], scenarioOf("in-place"));
      expect([starts?.from, restart, ready.map(({ holds }) => holds)]).toEqual([0, undefined, [true]]);
    }
  });
});
