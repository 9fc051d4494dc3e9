import { createInterface } from "node:readline/promises";
import { SLACK_S, violations } from "./violations.js";
import type { CheckedCell } from "./kubectl/run-cells.js";
import { runOnCluster } from "./kubectl/run.js";
import { cellOf } from "./matrix-cells.js";
import { PROMISES } from "./promises.js";
import { SCENARIOS } from "./scenarios.js";
import { VARIANT_NAMES } from "./variants.js";

/** The matrix of the tests, cell by cell. */
const cells = VARIANT_NAMES.flatMap((strategy) =>
  SCENARIOS.map((scenario): CheckedCell => ({
    ...cellOf(strategy, scenario),
    scenario: scenario.name,
    application: PROMISES[strategy].application,
    ...(strategy === "arm-init"
      ? { needsAzure: "Azure Resource Manager takes no token of a simulator" }
      : {}),
    check: (timeline) => violations(timeline, scenario, SLACK_S.cluster),
  })),
);

/** One Ctrl-C may come more than once: the terminal sends it to npm and to what npm runs, and npm passes it on. */
const ONE_AND_THE_SAME_MS = 1_000;

// The first signal cleans up; whoever sends another means it. A terminal that was closed means nothing by it, whatever the kernel,
// its shell and the session send.
const cutOff = new AbortController();
let first: { readonly signal: NodeJS.Signals; readonly at: number } | undefined;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    first ??= { signal, at: performance.now() };
    const isAnother = performance.now() - first.at >= ONE_AND_THE_SAME_MS;
    if (isAnother && ![signal, first.signal].includes("SIGHUP")) process.exit(2);
    cutOff.abort();
  });
}
// Whoever read this has gone (EPIPE, EIO), and there is nobody to run for; what was made is removed all the same.
process.stdout.on("error", () => cutOff.abort());
process.stderr.on("error", () => undefined);

async function ask(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // In a terminal's hands Ctrl-C is a key.
  terminal.once("SIGINT", () => cutOff.abort());
  const left = new AbortController();
  terminal.once("close", () => left.abort());
  const signal = AbortSignal.any([cutOff.signal, left.signal]);
  try {
    return /^y(?:es)?$/iu.test((await terminal.question(question, { signal })).trim());
  } catch (error) {
    if (left.signal.aborted) return false;
    throw error;
  } finally {
    terminal.close();
  }
}

process.exitCode = await runOnCluster(process.argv.slice(2), {
  cells,
  environment: process.env,
  say: (text) => void process.stdout.write(`${text}\n`),
  ask: process.stdin.isTTY ? ask : undefined,
  signal: cutOff.signal,
});
