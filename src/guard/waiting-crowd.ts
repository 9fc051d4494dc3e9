import { latestStartMs } from "../retry/retry-budget.js";
import type { Waiter } from "./waiter.js";

/** Attempts for nobody in particular are this patient once two in a row ran into their timeout. */
const PATIENT_ATTEMPT_MS = 120_000;
const TIMEOUTS_IN_A_ROW = 2;

/** When the next attempt must start at the latest so that the retries owed to every caller fit; monotonic ms. */
export function latestStart(waiters: ReadonlySet<Waiter>, now: number): number {
  const latest = callersOf(waiters).map((waiter) =>
    noRetryFits(waiter, now) ? Infinity : latestFor(waiter),
  );
  return Math.min(...latest, Infinity);
}

/** Whether the caller has had every retry it is owed, and too little of its budget is left at `start` for another. */
export function noRetryFits(waiter: Waiter, start: number): boolean {
  const { kind, startsSeen, schedule } = waiter;
  return kind !== "warm-up" && startsSeen > schedule.minRetries && start > latestFor(waiter);
}

const latestFor = ({ joinedAt, schedule, startsSeen }: Waiter): number =>
  joinedAt + latestStartMs(schedule, startsSeen);

/** How long an attempt may take: as the least patient caller wants it, or long where only the background waits. */
export function attemptTimeoutMs(waiters: ReadonlySet<Waiter>, timeoutsInARow: number): number {
  const callers = callersOf(waiters);
  const all = callers.length > 0 ? callers : [...waiters];
  const patience = Math.min(...all.map(({ schedule }) => schedule.attemptTimeoutMs));
  const patient = callers.length === 0 && timeoutsInARow >= TIMEOUTS_IN_A_ROW;
  return patient ? Math.max(PATIENT_ATTEMPT_MS, patience) : patience;
}

function callersOf(waiters: ReadonlySet<Waiter>): readonly Waiter[] {
  return [...waiters].filter(({ kind }) => kind === "caller");
}
