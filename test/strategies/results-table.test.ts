import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { resultsTable } from "./results-table.js";
import { SCENARIOS, type ScenarioName } from "./scenarios.js";
import type { Timeline, TimelineEvent } from "./timeline.js";
import { linkOf, VARIANT_NAMES, type VariantName } from "./variants.js";

type Told = (strategy: VariantName, scenario: ScenarioName) => readonly TimelineEvent[];

/** A row of the table, by column, of pods of which `told` tells. */
function rowOf(strategy: VariantName, told: Told): Readonly<Record<string, string>> {
  const timelines = VARIANT_NAMES.flatMap((each) =>
    SCENARIOS.map(({ name, lasts }): Timeline => ({
      strategy: each,
      scenario: name,
      lasts,
      events: told(each, name),
    })),
  );
  const [head = "", , ...rows] = resultsTable(timelines).split("\n");
  const cells = (line: string): readonly string[] => line.split("|").map((cell) => cell.trim());
  const row = cells(rows.find((line) => line.includes(`| ${linkOf(strategy)} `))!);
  return Object.fromEntries(cells(head).map((name, index) => [name, row[index] ?? ""]));
}

const running: TimelineEvent = {
  at: 0,
  kind: "container",
  container: "app",
  init: false,
  state: "running",
  restartCount: 0,
};
const ended = (at: number): TimelineEvent => ({
  ...running,
  at,
  state: "terminated",
  reason: "Error",
  exitCode: 1,
});
/** It ends, and is started again. */
const restarts = (at: number, more: object = {}): readonly TimelineEvent[] => [
  { ...ended(at), ...more },
  { ...running, at, ...more },
];
const ready = (at: number, status = true): TimelineEvent => ({
  at,
  kind: "condition",
  condition: "Ready",
  status,
});
const token = (at: number, identity: "right" | "wrong"): TimelineEvent => ({ at, kind: "token", identity });

describe("the table", () => {
  it.each(["examples/kubernetes/README.md", "CHANGELOG.md"])("is of as many scenarios as %s says", (path) => {
    const page = readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
    expect(page).toContain(`in ${SCENARIOS.length} scenarios`);
  });

  it("of a pod that runs whatever happens", () => {
    expect(rowOf("nmi-init", () => [running, ready(0), token(0, "wrong")])).toMatchObject({
      strategy: "[`nmi-init`](nmi-init)",
      "prevented from starting": "no",
      "traffic stopped": "no",
      restarted: "no",
      "wrong identity noticed":
        "not after: NMI missing, no label and NMI missing, NMI `Not Active`, NMI late, rule late, rule dropped for long, NMI gone for a while, identity made anew",
      "upstream requests per minute": "0",
      "probe cost per minute": "none",
      "image to pull": "one with the command line",
    });
  });

  it("tells a container that has not run from one without traffic", () => {
    const missing = (name: ScenarioName): boolean => name.includes("nmi-missing");
    const column = "prevented from starting";
    expect(rowOf("nmi-init", (_each, name) => (missing(name) ? [] : [running, ready(0)]))[column]).toBe(
      "the container: NMI missing, no label and NMI missing",
    );
    expect(rowOf("nmi-init", (_each, name) => [running, ...(missing(name) ? [] : [ready(0)])])[column]).toBe(
      "traffic: NMI missing, no label and NMI missing",
    );
    expect(
      rowOf("nmi-init", (_each, name) =>
        name === "rule-missing" ? [running] : missing(name) ? [] : [running, ready(0)],
      )[column],
    ).toBe("the container: NMI missing, no label and NMI missing; traffic: rule missing");
    // One scenario of a kind that lets a pod through, and the kind is not prevented.
    expect(
      rowOf("nmi-init", (_each, name) => (name === "nmi-missing" ? [] : [running, ready(0)]))[column],
    ).toBe("no");
  });

  it("tells what stopped traffic, whether in time or late, and not what ended it long after", () => {
    const stop = (at: number): string | undefined =>
      rowOf("nmi-exec-probes", (_each, name) =>
        name === "identity-deleted" ? [running, ready(0), ready(at, false)] : [running, ready(0)],
      )["traffic stopped"];
    expect([stop(28), stop(39), stop(40), stop(50)]).toEqual([
      "identity deleted",
      "identity deleted",
      "identity deleted (late)",
      "no",
    ]);
  });

  it("tells who is restarted, and does not say twice what follows", () => {
    const restarted = (told: Told): string | undefined => rowOf("sidecar", told)["restarted"];
    const crashes = (name: ScenarioName): boolean =>
      name.startsWith("nmi-crashes-") || name === "nmi-exits-long" || name === "nmi-freezes";
    expect(restarted((_each, name) => (crashes(name) ? [running, ...restarts(50)] : [running]))).toBe(
      "NMI away for long",
    );
    const sidecar = { container: "identity-guard", init: true } as const;
    expect(
      restarted((_each, name) =>
        name === "nmi-crashes-tokens-expire"
          ? [running, { ...running, ...sidecar }, ...restarts(80, sidecar)]
          : [running],
      ),
    ).toBe("the sidecar alone: NMI away, and no good token left");
  });

  it("counts a minute the same, whether what happens in it is counted once more or less", () => {
    const counted = (token: number, route: number, probes: number): readonly (string | undefined)[] => {
      const row = rowOf("nmi-exec-probes", () => [
        running,
        { at: 10, kind: "requests", of: "token", total: 2 },
        { at: 10, kind: "requests", of: "route", total: 5 },
        { at: 10, kind: "requests", of: "health", total: 5 },
        ...Array.from({ length: probes }, (_each, index): TimelineEvent => ({
          at: 29 + index,
          kind: "probe",
          container: "app",
          probe: "readiness",
          success: true,
        })),
        { at: 80, kind: "requests", of: "token", total: 2 + token },
        { at: 80, kind: "requests", of: "route", total: 5 + route },
        { at: 80, kind: "requests", of: "health", total: 5 + route },
      ]);
      return [row["upstream requests per minute"], row["probe cost per minute"]];
    };
    expect(counted(0, 24, 24)).toEqual(["0; 48 to NMI alone", "24 processes"]);
    expect(counted(1, 25, 23)).toEqual(counted(0, 24, 24));
    expect(counted(23, 48, 25)).toEqual(["24; 96 to NMI alone", "24 processes"]);
  });
});
