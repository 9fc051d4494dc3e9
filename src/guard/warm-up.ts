import type { RetrySchedule } from "../retry/retry-budget.js";
import type { Clock } from "../clock.js";
import { detached } from "../detached.js";
import type { CachedToken } from "./cached-token.js";
import type { KeyEntry } from "./token-cache.js";
import type { TokenRequest } from "./token-source.js";
import type { Call } from "./waiter.js";

/** What is kept warm: the shared state. */
export interface WarmUpTarget {
  readonly closed: boolean;
  readonly ports: { readonly clock: Clock };
  acquire(entry: KeyEntry, request: TokenRequest, call: Call): Promise<CachedToken>;
}

/** Warm-up asks again this long after a permanent failure, and no sooner after a refresh. */
const PAUSE_MS = 60_000;

/**
 * Gets the first verified token of a warm-up scope before any caller asks, and keeps it fresh, so that readiness does
 * not wait for callers that wait for readiness. Ends when `signal` aborts or nobody holds the state any more: between
 * two requests it is held weakly. None of its timers keeps the process alive.
 */
export function keepWarm(
  state: WeakRef<WarmUpTarget>,
  entry: KeyEntry,
  schedule: RetrySchedule,
  signal: AbortSignal,
): void {
  void detached(() => keepOn(state, entry, schedule, signal));
}

async function keepOn(
  state: WeakRef<WarmUpTarget>,
  entry: KeyEntry,
  schedule: RetrySchedule,
  signal: AbortSignal,
): Promise<void> {
  const owner = {};
  for (;;) {
    const turn = await fetched(state, entry, schedule, owner);
    if (turn === undefined) return;
    const { clock, token } = turn;
    try {
      // In short turns, since the wall clock may jump; a caller's refresh counts.
      do await clock.sleep(PAUSE_MS, signal);
      while (
        isHeld(state) &&
        token !== undefined &&
        clock.now() + PAUSE_MS < (entry.token ?? token).refreshAfter
      );
    } catch {
      return; // closed
    }
  }
}

/** On its own, as {@link fetched} is. */
function isHeld(state: WeakRef<WarmUpTarget>): boolean {
  return state.deref() !== undefined;
}

/** One request. On its own, since a function that sleeps goes on to hold whatever it has ever looked at. */
async function fetched(
  state: WeakRef<WarmUpTarget>,
  entry: KeyEntry,
  schedule: RetrySchedule,
  owner: object,
): Promise<{ readonly clock: Clock; readonly token: CachedToken | undefined } | undefined> {
  const held = state.deref();
  if (held === undefined || held.closed) return undefined;
  const { clock } = held.ports;
  try {
    const request = { scopes: entry.scopes, options: {} };
    return { clock, token: await held.acquire(entry, request, { kind: "warm-up", owner, schedule }) };
  } catch {
    return { clock, token: undefined }; // permanent; told to health and logs already
  }
}
