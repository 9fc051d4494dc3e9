import { mkdirSync, writeFileSync } from "node:fs";
import { afterAll, describe, it } from "vitest";
import { expectGenerated } from "../generated.js";
import { violations } from "./expectations.js";
import { cellOf, manifestOf, MatrixImages } from "./matrix-cells.js";
import { LocalCluster } from "./node/local-cluster.js";
import { STRATEGIES } from "./promises.js";
import { resultsTable } from "./results-table.js";
import { SCENARIOS } from "./scenarios.js";
import type { Timeline, TimelineEvent } from "./timeline.js";

const README = new URL("../../examples/kubernetes/README.md", import.meta.url);
const REPORTS = new URL("../../reports/strategies/", import.meta.url);
const CELL_MS = 5 * 60_000;

const images = new MatrixImages();
afterAll(() => images[Symbol.dispose]());

const timelines: Timeline[] = [];
const cells = STRATEGIES.flatMap((strategy) => SCENARIOS.map((scenario) => ({ strategy, scenario })));

describe.concurrent("strategies", () => {
  it.for(cells)(
    "$strategy: $scenario.title",
    { timeout: CELL_MS },
    async ({ strategy, scenario }, { expect, signal }) => {
      const events: TimelineEvent[] = [];
      const cluster = new LocalCluster({ images: images.of(strategy) });
      await cluster.run(cellOf(strategy, scenario), (event) => events.push(event), signal);
      const timeline = { strategy, scenario: scenario.name, lasts: scenario.lasts, events };
      timelines.push(timeline);
      mkdirSync(REPORTS, { recursive: true });
      writeFileSync(
        new URL(`${strategy}.${scenario.name}.json`, REPORTS),
        `${JSON.stringify(timeline, undefined, 1)}\n`,
      );
      expect(violations(timeline, scenario)).toEqual([]);
    },
  );
});

describe("the table", () => {
  it("in examples/kubernetes says what was seen", ({ skip }) => {
    skip(timelines.length < cells.length, "Only some of the cells were run");
    expectGenerated(README, "strategies", resultsTable(timelines, manifestOf));
  });
});
