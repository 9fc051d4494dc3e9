import { formatDuration } from "../config/duration.js";

/** How one call spends its budget. Durations in milliseconds. */
export interface RetrySchedule {
  /** Longest wait of one call. */
  readonly budgetMs: number;
  /** Retries that must start inside the budget, however slow the attempts are. */
  readonly minRetries: number;
  /** First delay; doubled for each further retry. */
  readonly delayMs: number;
  readonly maxDelayMs: number;
  /** Longest time one attempt may take. */
  readonly attemptTimeoutMs: number;
}

/**
 * 4 retries over 80 s is what the AAD Pod Identity guidance asks for, since NMI holds a request for up to 80 s while
 * an identity is being assigned (aad-pod-identity pkg/nmi/standard.go); 5 s is NMI's own polling interval there, so
 * that waiting longer gains nothing.
 */
export const RETRY_DEFAULTS: RetrySchedule = Object.freeze({
  budgetMs: 80_000,
  minRetries: 4,
  delayMs: 800,
  maxDelayMs: 5_000,
  attemptTimeoutMs: 15_000,
});

/** Part of a delay by which it varies, so that the pods of a node do not ask in step. */
const JITTER = 0.2;
/** A shorter attempt than this part of the budget (1 s of 80 s) is no attempt. */
const SHORTEST_ATTEMPT = 1 / 80;

/** A retry fits when it starts at least this long before the budget ends: 2 s, or 1/40 of a budget below 80 s. */
export function retryMarginMs(budgetMs: number): number {
  return Math.min(2_000, budgetMs / 40);
}

/** Wait after the failure number `failures` (1 is the first): exponential, factor 2, jittered, then capped. */
export function retryDelayMs(schedule: RetrySchedule, failures: number, random: () => number): number {
  return delayWith(schedule, failures, 1 + JITTER * (2 * random() - 1));
}

/** Wait after an answer that asks for less load: 10-20 s (IMDS may be gone for 70 s and more during an update). */
export function throttleDelayMs(random: () => number): number {
  return 10_000 + 10_000 * random();
}

function delayWith(schedule: RetrySchedule, failures: number, factor: number): number {
  // 2 ** 30 keeps the product finite; the cap decides long before.
  const exponential = schedule.delayMs * 2 ** Math.min(failures - 1, 30);
  return Math.min(exponential * factor, schedule.maxDelayMs);
}

const largestDelayMs = (schedule: RetrySchedule, failures: number): number =>
  delayWith(schedule, failures, 1 + JITTER);

/**
 * Latest moment, in milliseconds after a call began, at which the next attempt may start so that the retries still
 * owed to that call fit into its budget even if each attempt uses its whole timeout.
 * `startsSeen` is the number of attempts that have started since the call began.
 */
export function latestStartMs(schedule: RetrySchedule, startsSeen: number): number {
  let latest = schedule.budgetMs - retryMarginMs(schedule.budgetMs);
  for (let retry = startsSeen + 1; retry <= schedule.minRetries; retry++) {
    latest -= schedule.attemptTimeoutMs + largestDelayMs(schedule, retry);
  }
  return latest;
}

/** What the schedule needs when every attempt uses its whole timeout: 73.72 s of 80 s with the defaults. */
export function neededMs(schedule: RetrySchedule): number {
  return schedule.budgetMs - latestStartMs(schedule, 0);
}

/**
 * Completes what the caller gave with defaults that fit. Defaults of timeout and delays shrink with a budget below
 * 80 s; explicit values stay, and are a problem where they cannot fit.
 */
export function fitSchedule(
  given: Partial<RetrySchedule>,
): { readonly schedule: RetrySchedule } | { readonly problem: string } {
  const budgetMs = given.budgetMs ?? RETRY_DEFAULTS.budgetMs;
  const minRetries = given.minRetries ?? RETRY_DEFAULTS.minRetries;
  const scale = Math.min(1, budgetMs / RETRY_DEFAULTS.budgetMs);
  const maxDelayMs =
    given.maxDelayMs ??
    Math.max(RETRY_DEFAULTS.maxDelayMs * scale, given.delayMs === undefined ? 0 : given.delayMs);
  const delayMs = given.delayMs ?? Math.min(RETRY_DEFAULTS.delayMs * scale, maxDelayMs);
  if (delayMs > maxDelayMs) {
    return {
      problem: `the first delay (${formatDuration(delayMs)}) is longer than the largest delay (${formatDuration(maxDelayMs)})`,
    };
  }
  const wanted = {
    budgetMs,
    minRetries,
    delayMs,
    maxDelayMs,
    attemptTimeoutMs: given.attemptTimeoutMs ?? RETRY_DEFAULTS.attemptTimeoutMs * scale,
  };
  for (const schedule of shrunk(wanted, given)) {
    if (neededMs(schedule) <= budgetMs) return { schedule: Object.freeze(schedule) };
  }
  return {
    problem:
      `${minRetries} retries with attempts of ${formatDuration(Math.ceil(wanted.attemptTimeoutMs))}, their delays and a margin of ` +
      `${formatDuration(Math.ceil(retryMarginMs(budgetMs)))} need ${formatDuration(Math.ceil(neededMs(wanted)))}, ` +
      `which is more than the budget of ${formatDuration(budgetMs)}; lengthen the budget, shorten the attempt timeout, or ask for fewer retries`,
  };
}

/** The schedule as wanted, then with what the caller left open made smaller. */
function* shrunk(wanted: RetrySchedule, given: Partial<RetrySchedule>): Generator<RetrySchedule> {
  yield wanted;
  const withTimeout = (schedule: RetrySchedule): RetrySchedule => {
    const left = schedule.budgetMs - neededMs({ ...schedule, attemptTimeoutMs: 0 });
    const share = left / Math.max(1, schedule.minRetries);
    const attemptTimeoutMs = Math.min(schedule.attemptTimeoutMs, Math.floor(share));
    return attemptTimeoutMs >= schedule.budgetMs * SHORTEST_ATTEMPT
      ? { ...schedule, attemptTimeoutMs }
      : schedule;
  };
  if (given.attemptTimeoutMs === undefined) yield withTimeout(wanted);
  if (given.delayMs !== undefined && given.maxDelayMs !== undefined) return;
  for (let divisor = 2; divisor <= 64; divisor *= 2) {
    const maxDelayMs = given.maxDelayMs ?? Math.max(wanted.maxDelayMs / divisor, given.delayMs ?? 0);
    const delayMs = given.delayMs ?? Math.min(wanted.delayMs / divisor, maxDelayMs);
    const schedule = { ...wanted, delayMs, maxDelayMs };
    yield given.attemptTimeoutMs === undefined ? withTimeout(schedule) : schedule;
  }
}
