import { sentence } from "./check-nmi.js";
import type { RunCommand } from "./command.js";
import { nmiTarget } from "./nmi-target.js";
import { usageError } from "./usage.js";
import { INTERVAL_MS, runWait } from "./waiting.js";

/** Longest wait for each of the two answers of one look: nobody waits for a single look here, and names may be slow. */
const LOOK_LIMIT_MS = 5_000;

/** `wait nmi`: blocks until NMI is active and in the path, for init containers. */
export const waitNmi: RunCommand = async (values, io) => {
  const target = nmiTarget(io, LOOK_LIMIT_MS);
  if ("problems" in target) return usageError(io, "wait nmi", target.problems);
  // NMI serves the whole node: nobody asks it more often.
  const intervalMs = Math.max(INTERVAL_MS, values.read("--interval", "duration") ?? INTERVAL_MS);
  return await runWait(values, io, "NMI", async (see, signal) => {
    for (;;) {
      const { observedAt: _at, ...seen } = await target.check(signal);
      const sight = { reason: seen.reason, line: sentence(seen), seen };
      if (seen.state === "open") return sight;
      see(sight);
      await io.clock.sleep(intervalMs, signal);
    }
  });
};
