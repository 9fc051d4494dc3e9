import type { Clock } from "../clock.js";
import { detached } from "../detached.js";
import { runCheck } from "./checked-observation.js";
import { gateKey, type Gate, type GateObservation } from "./gate.js";
import { View, type LookingGate, type Looks } from "./looks.js";

/** What one user of a watcher asks of it. */
export interface WatchUser {
  readonly pollIntervalMs: number;
  /** Called after every completed check. */
  readonly notify: (observation: GateObservation) => void;
}

export interface WatcherPorts {
  readonly clock: Clock;
  /** 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
  readonly looks: Looks;
}

/** Polls of a closed gate, and the least time between the starts of two polls. */
const CLOSED_INTERVAL_MS = 1000;

/** How old the start of a check may be for its observation to serve `recent`. */
const RECENT_MS = 1000;

/** Intervals are shortened by up to this share, so that the pods of a node do not ask NMI in step. */
const JITTER = 0.1;

/**
 * A check that ignores its signal is given up; one such may run on beside the next check. With two of them the gate
 * counts as closed without being asked, until one returns.
 */
const MAX_UNSETTLED = 2;

interface Deferred {
  readonly promise: Promise<GateObservation>;
  readonly resolve: (observation: GateObservation | Promise<GateObservation>) => void;
}

/** Checks one gate for all its users: never two checks at a time, and at most one poll a second. */
export class SharedWatcher {
  readonly #gate: Gate;
  readonly #ports: WatcherPorts;
  readonly #users = new Set<WatchUser>();
  readonly #closing = new AbortController();
  #latest: { readonly observation: GateObservation; readonly startedAt: number } | undefined;
  #running: Promise<GateObservation> | undefined;
  /** The check after the running one, where somebody needs one that starts later than now. */
  #wanted: Deferred | undefined;
  #timer: AbortController | undefined;
  #startedAt = 0;
  #jitter = 0;
  #unsettled = 0;

  constructor(gate: Gate, ports: WatcherPorts) {
    this.#gate = gate;
    this.#ports = ports;
  }

  get latest(): GateObservation | undefined {
    return this.#latest?.observation;
  }

  /** The first user starts the polling, at once; one with a shorter interval moves the next poll forward. */
  add(user: WatchUser): void {
    this.#users.add(user);
    if (this.#latest === undefined && this.#running === undefined) void this.#begin({ fresh: false });
    else this.#schedule();
  }

  /** Returns whether that was the last user; the watcher is stopped for good then. */
  remove(user: WatchUser): boolean {
    this.#users.delete(user);
    if (this.#users.size > 0) {
      this.#schedule();
      return false;
    }
    this.#closing.abort();
    this.#timer?.abort();
    return true;
  }

  /** An observation whose check started at most 1 s ago, or the one of the check that runs or starts now. */
  recent(): Promise<GateObservation> {
    const latest = this.#latest;
    if (latest !== undefined && this.#ports.clock.elapsed() - latest.startedAt <= RECENT_MS) {
      return Promise.resolve(latest.observation);
    }
    return this.#running ?? this.#begin({ fresh: false });
  }

  /** An observation whose check starts after this call. */
  fresh(): Promise<GateObservation> {
    if (this.#running === undefined) return this.#begin({ fresh: true });
    this.#wanted ??= deferred();
    return this.#wanted.promise;
  }

  /** `fresh`: nothing that anybody saw before counts. */
  #begin({ fresh }: { readonly fresh: boolean }): Promise<GateObservation> {
    this.#timer?.abort();
    this.#timer = undefined;
    const { clock, looks } = this.#ports;
    const running = this.#check(clock.elapsed(), new View(looks, clock, { fresh }));
    this.#running = running;
    return running;
  }

  async #check(begunAt: number, view: View): Promise<GateObservation> {
    const { clock } = this.#ports;
    const own = gateKey(this.#gate) !== undefined;
    const check: Gate["check"] = async (options) =>
      await this.#guardedCheck(own ? { ...options, view } : options);
    const gate = { name: this.#gate.name, check };
    const tooMany = this.#unsettled >= MAX_UNSETTLED;
    const { signal } = this.#closing;
    const observation = await runCheck(tooMany ? undefined : gate, { clock, signal, own });
    this.#running = undefined;
    if (this.#closing.signal.aborted) return observation;
    // It is as old as the oldest thing in it; watchers that look at one URL keep in step by that.
    const startedAt = Math.min(begunAt, view.startedAt);
    this.#startedAt = startedAt;
    this.#latest = { observation, startedAt };
    this.#jitter = this.#ports.random();
    const wanted = this.#wanted;
    this.#wanted = undefined;
    if (wanted === undefined) this.#schedule();
    else wanted.resolve(this.#begin({ fresh: true }));
    for (const user of [...this.#users]) user.notify(observation);
    return observation;
  }

  async #guardedCheck(options: Parameters<LookingGate["check"]>[0]): Promise<GateObservation> {
    this.#unsettled += 1;
    try {
      return await this.#gate.check(options);
    } finally {
      this.#unsettled -= 1;
    }
  }

  /** Sets the timer of the next poll. While a check runs there is none: its end sets it. */
  #schedule(): void {
    this.#timer?.abort();
    this.#timer = undefined;
    if (this.#running !== undefined) return;
    const waitMs = this.#startedAt + this.#intervalMs() - this.#ports.clock.elapsed();
    const timer = new AbortController();
    this.#timer = timer;
    // Whole milliseconds, as timers have them: one that is early would find the look of the last poll good enough.
    this.#ports.clock.sleep(Math.max(0, Math.ceil(waitMs)), timer.signal).then(
      () => {
        if (this.#timer === timer) void detached(() => this.#begin({ fresh: false }));
      },
      () => undefined, // another check took its place, or the watcher stopped
    );
  }

  /** From the start of one poll to the start of the next, in milliseconds; at least a second, whatever was asked for. */
  #intervalMs(): number {
    const asked = Math.min(...[...this.#users].map(({ pollIntervalMs }) => pollIntervalMs));
    const base = this.#latest?.observation.state === "open" ? asked : Math.min(CLOSED_INTERVAL_MS, asked);
    return Math.max(CLOSED_INTERVAL_MS, Math.round(base * (1 - JITTER * this.#jitter)));
  }
}

function deferred(): Deferred {
  let resolve: Deferred["resolve"] = () => undefined;
  const promise = new Promise<GateObservation>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
