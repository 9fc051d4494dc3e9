import { setMaxListeners } from "node:events";
import type { Clock } from "../clock.js";
import { IdentityGuardError } from "../errors.js";
import { logger } from "../logger.js";
import { gateKey, type Gate, type GateObservation } from "./gate.js";
import { Looks } from "./looks.js";
import { SharedWatcher, type WatchUser } from "./shared-watcher.js";

/** One user's view of a gate that is being watched. */
export interface GateWatch {
  readonly gate: Gate;
  /** The observation of the last completed check. */
  latest(): GateObservation | undefined;
  /**
   * An observation whose check started at most 1 s ago, else that of the check that runs or starts now.
   * Rejects with `signal.reason` when `signal` aborts, and with `ERR_GUARD_CLOSED` after {@link close}.
   */
  observe(signal: AbortSignal): Promise<GateObservation>;
  /**
   * An observation whose check started after this call; calls made while a check runs share the next one.
   * Rejects as {@link observe} does.
   */
  observeAfresh(signal: AbortSignal): Promise<GateObservation>;
  /** Calls `listener` after every completed check, also where nothing changed. Returns its own undo. */
  onObservation(listener: (observation: GateObservation) => void): () => void;
  /** Ends this watch; the last one of a gate stops its polling and aborts its check. May be called twice. */
  close(): void;
}

/** What the gates of a process share. */
export interface GateRegistry {
  /** The watchers that run, by key where the gate has one, else by the gate itself. */
  readonly watchers: Map<string | Gate, SharedWatcher>;
  /** What the gates of this library see: watchers of different gates may look at the same URL. */
  readonly looks: Looks;
}

export function createGateRegistry(): GateRegistry {
  return { watchers: new Map(), looks: new Looks() };
}

/**
 * Watches a gate, from now on until the last `close()`. Gates with the same key share one watcher; the smallest
 * `pollIntervalMs` of its users counts.
 *
 * While the gate is open it is polled every `pollIntervalMs`, less up to 10 %; while closed every second. There is never
 * more than one check at a time, nor more than one poll a second, however short the interval; checks for
 * {@link GateWatch.observeAfresh} come on top. A poll takes what another gate saw at the same URL within the last second. Nothing of it keeps the process alive.
 */
export function watchGate(
  gate: Gate,
  options: { pollIntervalMs: number },
  ports: { clock: Clock; random: () => number; registry: GateRegistry },
): GateWatch {
  const { watchers, looks } = ports.registry;
  const key = gateKey(gate) ?? gate;
  const watcher = watchers.get(key) ?? new SharedWatcher(gate, { ...ports, looks });
  watchers.set(key, watcher);
  const listeners = new Set<{ readonly listener: (observation: GateObservation) => void }>();
  const closing = new AbortController();
  // Each acquisition that waits for the gate listens.
  setMaxListeners(0, closing.signal);
  const user: WatchUser = {
    pollIntervalMs: options.pollIntervalMs,
    notify: (observation) => {
      for (const entry of [...listeners]) {
        if (listeners.has(entry)) callSafely(entry.listener, observation);
      }
    },
  };
  watcher.add(user);

  async function wait(signal: AbortSignal, start: () => Promise<GateObservation>): Promise<GateObservation> {
    signal.throwIfAborted();
    closing.signal.throwIfAborted();
    return await untilAborted(start(), [signal, closing.signal]);
  }

  return {
    gate,
    latest: () => watcher.latest,
    observe: async (signal) => await wait(signal, () => watcher.recent()),
    observeAfresh: async (signal) => await wait(signal, () => watcher.fresh()),
    onObservation(listener) {
      const entry = { listener };
      if (!closing.signal.aborted) listeners.add(entry);
      return () => void listeners.delete(entry);
    },
    close() {
      if (closing.signal.aborted) return;
      listeners.clear();
      closing.abort(closedError());
      if (watcher.remove(user)) watchers.delete(key);
    },
  };
}

function callSafely(listener: (observation: GateObservation) => void, observation: GateObservation): void {
  try {
    listener(observation);
  } catch (error) {
    logger.warning(
      `A listener of gate observations threw ${error instanceof Error ? error.name : typeof error}.`,
    );
  }
}

async function untilAborted<T>(work: Promise<T>, signals: readonly AbortSignal[]): Promise<T> {
  const aborts: (() => void)[] = [];
  try {
    return await new Promise<T>((resolve, reject) => {
      for (const signal of signals) {
        const abort = (): void => reject(signal.reason);
        signal.addEventListener("abort", abort);
        aborts.push(() => signal.removeEventListener("abort", abort));
      }
      work.then(resolve, reject);
    });
  } finally {
    for (const remove of aborts) remove();
  }
}

function closedError(): IdentityGuardError {
  return new IdentityGuardError(
    "ERR_GUARD_CLOSED",
    "The gate is no longer watched: its last user closed it.",
    {
      attempts: [],
      waitedMs: 0,
    },
  );
}
