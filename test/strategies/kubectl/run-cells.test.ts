import { describe, expect, test } from "vitest";
import type { Cluster } from "../cluster.js";
import {
  chooseCells,
  exitCodeOf,
  runCells,
  tableOf,
  type CellResult,
  type CheckedCell,
  type RunOptions,
} from "./run-cells.js";

function cell(strategy: string, scenario: string, notes: readonly string[] = []): CheckedCell {
  return {
    strategy,
    scenario,
    application: "plain",
    manifest: "",
    labelled: true,
    given: [],
    steps: [],
    lasts: 1,
    check: () => notes,
  };
}

const CELLS = [cell("init", "a"), cell("init", "b"), cell("probes", "a"), cell("sidecar", "c")];
const namesOf = (cells: readonly CheckedCell[]): string[] =>
  cells.map((each) => `${each.strategy}/${each.scenario}`);
const ALL = { strategies: [], scenarios: [] };

describe("the cells", () => {
  test("are all, or those that were asked for", () => {
    expect(chooseCells(CELLS, ALL)).toEqual(CELLS);
    expect(namesOf(chooseCells(CELLS, { ...ALL, strategies: ["init", "probes"] }))).toEqual([
      "init/a",
      "init/b",
      "probes/a",
    ]);
    expect(namesOf(chooseCells(CELLS, { strategies: ["init"], scenarios: ["b"] }))).toEqual(["init/b"]);
  });

  test("are refused by names that none has, with those that there are", () => {
    expect(() => chooseCells(CELLS, { ...ALL, strategies: ["inti"] })).toThrow(
      '--strategy: "inti" is not known; give one of init, probes, sidecar',
    );
    expect(() => chooseCells(CELLS, { ...ALL, scenarios: ["d"] })).toThrow("--scenario");
    expect(() => chooseCells(CELLS, { strategies: ["sidecar"], scenarios: ["a"] })).toThrow("No cell");
  });
});

describe("running", () => {
  const cluster: Cluster = {
    async run({ strategy }, seen) {
      seen({ at: 0, kind: "token", identity: "right" });
      if (strategy === "broken") throw new Error("no such image");
    },
  };
  function options(more: Partial<RunOptions> = {}): RunOptions & { readonly said: string[] } {
    const said: string[] = [];
    const { signal } = new AbortController();
    return {
      cluster,
      whyNot: () => undefined,
      say: (line) => said.push(line),
      verbose: false,
      signal,
      said,
      ...more,
    };
  }

  test("gives each cell a verdict, and says it", async () => {
    const given = options({
      whyNot: ({ strategy }) => (strategy === "hard" ? "needs a simulator" : undefined),
    });
    const cells = [
      cell("good", "a"),
      cell("bad", "a", ["never ready"]),
      cell("hard", "a"),
      cell("broken", "a"),
    ];
    const results = await runCells(cells, given);
    expect(results.map(({ verdict, notes }) => [verdict, ...notes])).toEqual([
      ["passed"],
      ["failed", "never ready"],
      ["skipped", "needs a simulator"],
      ["broken", "no such image"],
    ]);
    expect(given.said[2]).toBe("[3/4] hard, a: skipped\n    needs a simulator");
    expect(results[0]?.timeline?.events).toHaveLength(1);
  });

  test("checks nothing that was cut off, and begins nothing after it", async () => {
    const cutOff = new AbortController();
    const cutting: Cluster = { run: async () => cutOff.abort() };
    const results = await runCells(
      [cell("first", "a", ["not seen"]), cell("second", "a")],
      options({ cluster: cutting, signal: cutOff.signal }),
    );
    expect(results.map(({ strategy, verdict }) => [strategy, verdict])).toEqual([["first", "cut off"]]);
  });
});

describe("the results", () => {
  const results: readonly CellResult[] = [
    { strategy: "init", scenario: "in-place", verdict: "passed", notes: [] },
    { strategy: "probes", scenario: "nmi-exits", verdict: "skipped", notes: [] },
  ];

  test("are a table", () => {
    expect(tableOf(results).split("\n")).toEqual([
      "scenario   init    probes",
      "in-place   passed  -",
      "nmi-exits  -       skipped",
    ]);
  });

  test.each([
    [["passed", "skipped"], 0],
    [["passed", "failed"], 1],
    [["failed", "broken"], 2],
  ] as const)("%j end with %i", (verdicts, code) => {
    const given = verdicts.map((verdict) => ({ strategy: "x", scenario: "y", verdict, notes: [] }));
    expect(exitCodeOf(given, new AbortController().signal)).toBe(code);
    expect(exitCodeOf(given, AbortSignal.abort())).toBe(2);
  });
});
