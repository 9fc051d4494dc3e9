import { formatDuration } from "../config/duration.js";
import { withTimeLimit } from "../gate/time-limit.js";
import { EXIT, type CliIo } from "./command.js";
import { ownFlag, type FlagRow } from "./flag-table.js";
import type { FlagValues } from "./parse-flags.js";

/** What is seen of the thing that is waited for. */
export interface Sight {
  /** What stands in the way; a line is written whenever it changes. */
  readonly reason: string;
  /** The same for people. */
  readonly line: string;
  /** The same for machines. */
  readonly seen: object;
}

/** Resolves with what was waited for, or with `undefined` where waiting will not bring it; `see` tells what is in the way. */
export type Work = (see: (sight: Sight) => void, signal: AbortSignal) => Promise<Sight | undefined>;

export const INTERVAL_MS = 1_000;

export const TIMEOUT_FLAG: FlagRow = ownFlag("--timeout", {
  kind: "duration",
  doc: "Give up after this time, with exit code 1. Without it, wait for ever.",
});

export const INTERVAL_FLAG: FlagRow = ownFlag("--interval", {
  kind: "duration",
  default: formatDuration(INTERVAL_MS),
  doc: "Time between two looks.",
});

/** Runs `work`, says a line at each change of what stands in the way, and one at the end. */
export async function runWait(values: FlagValues, io: CliIo, what: string, work: Work): Promise<number> {
  const { clock, signal, out } = io;
  const timeoutMs = values.read("--timeout", "duration");
  const json = values.has("--json");
  const begun = clock.elapsed();
  // Said where the time is up before anything was seen.
  let last: Sight = { reason: "no answer yet", line: "", seen: { reason: "no-answer" } };
  const say = (type: string, line: string, seen: object): void =>
    out(json ? JSON.stringify({ type, waitedMs: Math.round(clock.elapsed() - begun), ...seen }) : line);
  const run = async (own: AbortSignal): Promise<number> => {
    const found = await work((sight) => {
      if (sight.reason !== last.reason && !own.aborted) say("waiting", `waiting: ${sight.line}`, sight.seen);
      last = sight;
    }, own);
    if (found === undefined) {
      say("refused", `gave up on ${what}: waiting does not help`, last.seen);
      return EXIT.failed;
    }
    say("done", `${found.line} (after ${spoken(clock.elapsed() - begun)})`, found.seen);
    return EXIT.ok;
  };
  if (timeoutMs === undefined) return await run(signal);
  const ended = await withTimeLimit(timeoutMs, run, { clock, signal });
  if (!ended.timedOut) return ended.value;
  say("timeout", `gave up on ${what} after ${formatDuration(timeoutMs)}: ${last.reason}`, last.seen);
  return EXIT.failed;
}

/** Whole seconds from the second on, as people say them. */
function spoken(ms: number): string {
  return formatDuration(ms < 1_000 ? ms : Math.round(ms / 1_000) * 1_000);
}
