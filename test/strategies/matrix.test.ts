import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, describe, it } from "vitest";
import { STRATEGY_NAMES } from "../../src/cli/manifests/strategy-names.js";
import { expectGenerated } from "../generated.js";
import { SLACK_S, violations } from "./violations.js";
import { cellOf, MatrixImages } from "./matrix-cells.js";
import { LocalCluster, missingCells } from "./node/local-cluster.js";
import { picture } from "./picture.js";
import { resultsTable } from "./results-table.js";
import { SCENARIOS, type ScenarioName } from "./scenarios.js";
import type { Timeline, TimelineEvent } from "./timeline.js";
import { VARIANT_NAMES } from "./variants.js";

const README = new URL("../../examples/kubernetes/README.md", import.meta.url);
const REPORTS = new URL("../../reports/strategies/", import.meta.url);
/** Scenarios that are shown as pictures, too: an outage, and a wrong identity. */
const PICTURES = ["nmi-exits-long", "identity-recreated"] as const satisfies readonly ScenarioName[];
/** Real time, which only a machine that is busy with much else can use up: the clock of a cell is its own. */
const CELL_MS = 10 * 60_000;

const NUMBERS = /\d+(?:\.\d+)?/gu;
/** A picture without its numbers: what is in it, in which order, and in which words. */
const drawing = (svg: string): string => svg.replace(NUMBERS, "#");
/** Where things are, and what words count; 13 px are 2 s. A retry comes a little sooner or later from run to run, by design. */
const NUMBERED = [
  { part: /="[^"]*"/gu, near: 13 },
  { part: />[^<]*</gu, near: 2 },
] as const;

const images = new MatrixImages();
afterAll(() => images[Symbol.dispose]());

const timelines: Timeline[] = [];
const cells = VARIANT_NAMES.flatMap((strategy) => SCENARIOS.map((scenario) => ({ strategy, scenario })));

describe.skipIf(missingCells() !== undefined).concurrent("strategies", () => {
  it.for(cells)(
    "$strategy: $scenario.title",
    { timeout: CELL_MS + 30_000 },
    async ({ strategy, scenario }, { expect, signal }) => {
      const events: TimelineEvent[] = [];
      const cluster = new LocalCluster({ images: images.of(strategy, scenario), limitMs: CELL_MS });
      await cluster.run(cellOf(strategy, scenario), (event) => events.push(event), signal);
      const timeline = { strategy, scenario: scenario.name, lasts: scenario.lasts, events };
      timelines.push(timeline);
      mkdirSync(REPORTS, { recursive: true });
      writeFileSync(
        new URL(`${strategy}.${scenario.name}.json`, REPORTS),
        `${JSON.stringify(timeline, undefined, 1)}\n`,
      );
      expect(violations(timeline, scenario, SLACK_S.local)).toEqual([]);
    },
  );
});

describe("in examples/kubernetes, what was seen is", () => {
  const WHY_NOT = "Only some of the cells were run";

  it("the table", ({ skip }) => {
    skip(timelines.length < cells.length, WHY_NOT);
    expectGenerated(README, "strategies", resultsTable(timelines));
  });

  it.for(PICTURES)("the picture of %s", (scenario, { expect, skip }) => {
    const shown = STRATEGY_NAMES.flatMap(
      (strategy) => timelines.find((each) => each.strategy === strategy && each.scenario === scenario) ?? [],
    );
    skip(shown.length < STRATEGY_NAMES.length, WHY_NOT);
    const file = new URL(`${scenario}.svg`, README);
    const drawn = `${picture(shown)}\n`;
    if (process.env["UPDATE_README"] === "1") writeFileSync(file, drawn);
    const shipped = readFileSync(file, "utf8");
    expect(drawing(shipped)).toBe(drawing(drawn));
    for (const { part, near } of NUMBERED) {
      const numbers = (svg: string): readonly number[] =>
        (svg.match(part) ?? []).flatMap((each) => each.match(NUMBERS)?.map(Number) ?? []);
      const now = numbers(drawn);
      expect(
        numbers(shipped).filter((each, index) => !(Math.abs(each - (now[index] ?? NaN)) <= near)),
      ).toEqual([]);
    }
  });
});
