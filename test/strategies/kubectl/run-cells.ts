import type { Cell, Cluster } from "../cluster.js";
import type { Timeline, TimelineEvent } from "../timeline.js";
import { UsageError } from "./command-line.js";
import { messageOf } from "./in-turn.js";

/** A cell of the matrix, with what is expected of it. */
export interface CheckedCell extends Cell {
  readonly scenario: string;
  /** Which of the programs in test/strategies/app is the application. */
  readonly application: string;
  /** Why a simulated node is not enough for it; absent where it is. */
  readonly needsAzure?: string;
  /** What of the timeline is not as it should be, one text each. */
  check(timeline: Timeline): readonly string[];
}

export interface CellResult {
  readonly strategy: string;
  readonly scenario: string;
  /** `broken`: the cluster did not do its part, which says nothing about the strategy. */
  readonly verdict: "passed" | "failed" | "skipped" | "broken" | "cut off";
  readonly notes: readonly string[];
  readonly timeline?: Timeline;
}

export interface Filters {
  readonly strategies: readonly string[];
  readonly scenarios: readonly string[];
}

/** @throws UsageError for a name that no cell has, with the names that there are, and where nothing is left. */
export function chooseCells(cells: readonly CheckedCell[], filters: Filters): readonly CheckedCell[] {
  const { strategies, scenarios } = filters;
  const checkNames = (flag: string, given: readonly string[], known: readonly string[]): void => {
    const unknown = given.find((name) => !known.includes(name));
    if (unknown === undefined) return;
    throw new UsageError(
      `--${flag}: "${unknown}" is not known; give one of ${[...new Set(known)].join(", ")}`,
    );
  };
  const namesOf = (of: "strategy" | "scenario"): string[] => cells.map((cell) => cell[of]);
  checkNames("strategy", strategies, namesOf("strategy"));
  checkNames("scenario", scenarios, namesOf("scenario"));
  const chosen = cells.filter(
    ({ strategy, scenario }) =>
      (strategies.length === 0 || strategies.includes(strategy)) &&
      (scenarios.length === 0 || scenarios.includes(scenario)),
  );
  if (chosen.length === 0)
    throw new UsageError("No cell of the matrix is both of --strategy and of --scenario");
  return chosen;
}

export interface RunOptions {
  readonly cluster: Cluster;
  /** Why a cell cannot be run here. */
  readonly whyNot: (cell: CheckedCell) => string | undefined;
  readonly say: (line: string) => void;
  /** Whether each event is said as it is seen. */
  readonly verbose: boolean;
  readonly signal: AbortSignal;
}

/** One cell after the other: they share a node. */
export async function runCells(
  cells: readonly CheckedCell[],
  options: RunOptions,
): Promise<readonly CellResult[]> {
  const results: CellResult[] = [];
  for (const [index, cell] of cells.entries()) {
    if (options.signal.aborted) break;
    const result = await runCell(cell, options);
    results.push(result);
    const notes = result.notes.map((note) => `\n    ${note}`).join("");
    options.say(
      `[${index + 1}/${cells.length}] ${cell.strategy}, ${cell.scenario}: ${result.verdict}${notes}`,
    );
  }
  return results;
}

async function runCell(
  cell: CheckedCell,
  { cluster, whyNot, say, verbose, signal }: RunOptions,
): Promise<CellResult> {
  const { strategy, scenario, lasts } = cell;
  const reason = whyNot(cell);
  if (reason !== undefined) return { strategy, scenario, verdict: "skipped", notes: [reason] };
  const events: TimelineEvent[] = [];
  const timeline: Timeline = { strategy, scenario, lasts, events };
  const seen = (event: TimelineEvent): void => {
    events.push(event);
    if (verbose) say(JSON.stringify(event));
  };
  try {
    await cluster.run(cell, seen, signal);
  } catch (error) {
    return { strategy, scenario, verdict: "broken", notes: [messageOf(error)], timeline };
  }
  if (signal.aborted) return { strategy, scenario, verdict: "cut off", notes: [], timeline };
  const notes = cell.check(timeline);
  return { strategy, scenario, verdict: notes.length === 0 ? "passed" : "failed", notes, timeline };
}

/** Strategies by scenarios, for a terminal. */
export function tableOf(results: readonly CellResult[]): string {
  const strategies = [...new Set(results.map(({ strategy }) => strategy))];
  const scenarios = [...new Set(results.map(({ scenario }) => scenario))];
  const verdictOf = (row: string, column: string): string =>
    results.find(({ strategy, scenario }) => strategy === row && scenario === column)?.verdict ?? "-";
  const rows = [
    ["scenario", ...strategies],
    ...scenarios.map((scenario) => [
      scenario,
      ...strategies.map((strategy) => verdictOf(strategy, scenario)),
    ]),
  ];
  const widths = ["scenario", ...strategies].map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

export function exitCodeOf(results: readonly CellResult[], signal: AbortSignal): 0 | 1 | 2 {
  if (signal.aborted || results.some(({ verdict }) => verdict === "broken")) return 2;
  return results.some(({ verdict }) => verdict === "failed") ? 1 : 0;
}
