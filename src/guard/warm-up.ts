import type { RetrySchedule } from "../retry/retry-budget.js";
import type { Clock } from "../clock.js";
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
export async function keepWarm(
  state: WeakRef<WarmUpTarget>,
  entry: KeyEntry,
  schedule: RetrySchedule,
  signal: AbortSignal,
): Promise<void> {
  const owner = {};
  for (;;) {
    const held = state.deref();
    if (held === undefined || held.closed) return;
    const { clock } = held.ports;
    const token = await fetched(held, entry, schedule, owner);
    try {
      // In short turns, since the wall clock may jump.
      do await clock.sleep(PAUSE_MS, signal);
      while (token !== undefined && clock.now() + PAUSE_MS < token.refreshAfter);
    } catch {
      return; // closed
    }
  }
}

async function fetched(
  state: WarmUpTarget,
  entry: KeyEntry,
  schedule: RetrySchedule,
  owner: object,
): Promise<CachedToken | undefined> {
  try {
    return await state.acquire(
      entry,
      { scopes: entry.scopes, options: {} },
      { kind: "warm-up", owner, schedule },
    );
  } catch {
    return undefined; // permanent; told to health and logs already
  }
}
