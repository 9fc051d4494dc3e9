import { withTimeLimit } from "../gate/time-limit.js";
import { formatDuration } from "../config/duration.js";
import type { GateObservation } from "../gate/gate.js";
import { EXIT, type CliIo, type RunCommand } from "./command.js";
import { nmiTarget } from "./nmi-target.js";
import type { FlagValues } from "./parse-flags.js";
import { usageError } from "./usage.js";

/** The kubelet's own `timeoutSeconds` for probes. */
export const CHECK_TIMEOUT_MS = 1_000;

/** What a process needs to end, and to be told that it has. */
const LAST_MS = 100;

/** What is left for an observation of the time that the kubelet gives the process, whose start counts. */
export function timeLeft(
  values: FlagValues,
  io: CliIo,
): { readonly timeoutMs: number; readonly leftMs: number } {
  const timeoutMs = values.read("--timeout", "duration") ?? CHECK_TIMEOUT_MS;
  return { timeoutMs, leftMs: Math.max(LAST_MS, timeoutMs - io.sinceStart() - LAST_MS) };
}

/** `check nmi`: one observation, for exec probes. */
export const checkNmi: RunCommand = async (values, io) => {
  const { timeoutMs, leftMs } = timeLeft(values, io);
  const target = nmiTarget(io, leftMs);
  if ("problems" in target) return usageError(io, "check nmi", target.problems);
  const { clock, signal } = io;
  const limited = await withTimeLimit(leftMs, target.check, { clock, signal });
  const seen: GateObservation = limited.timedOut ? tooLate(timeoutMs, clock.now()) : limited.value;
  io.out(values.has("--json") ? JSON.stringify(seen) : sentence(seen));
  return seen.state === "open" ? EXIT.ok : EXIT.failed;
};

function tooLate(timeoutMs: number, observedAt: number): GateObservation {
  const detail = `no answer within ${formatDuration(timeoutMs)}, the start of this process included`;
  const remedy = "On a busy node give probes longer: --timeout here, timeoutSeconds in the pod spec.";
  return { state: "closed", reason: "health-timeout", permanent: false, detail, remedy, observedAt };
}

/** One line for people: what was seen, and what to do. */
export function sentence(seen: Omit<GateObservation, "observedAt"> & { readonly remedy?: string }): string {
  if (seen.state === "open")
    return `ok: NMI is active${seen.detail === undefined ? " and answers token requests" : `; ${seen.detail}`}`;
  return [`${seen.reason}: ${seen.detail ?? "closed"}.`, seen.remedy]
    .filter((part) => part !== undefined)
    .join(" ");
}
