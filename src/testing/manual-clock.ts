import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "../clock.js";

/**
 * Turns of the event loop granted after each step. A request over loopback between a client and a server of the same
 * process, with a new connection, needs about a dozen.
 */
const TURNS = 40;

interface Sleeper {
  readonly dueAt: number;
  readonly wake: () => void;
}

/** Work on other threads (signing), which turns of the event loop alone do not wait for. */
const outside = new Set<Promise<unknown>>();

/** Makes every {@link ManualClock} wait for `work` before it moves on. */
export async function settledByClocks<T>(work: Promise<T>): Promise<T> {
  outside.add(work);
  try {
    return await work;
  } finally {
    outside.delete(work);
  }
}

async function settle(granted: number): Promise<void> {
  for (let turns = 0; turns < granted; turns += 1) {
    await turn();
    if (outside.size === 0) continue;
    await Promise.allSettled(outside);
    turns = 0;
  }
}

/**
 * A clock that stands still until it is told to move, so that a test lives through minutes in microseconds.
 *
 * @example
 * ```ts
 * const clock = new ManualClock();
 * const waited = clock.sleep(80_000).then(() => "done");
 * await clock.advance(80_000);
 * await waited; // "done"
 * ```
 *
 * @public
 */
export class ManualClock implements Clock {
  readonly #sleepers = new Set<Sleeper>();
  /** The wall clock where `elapsed` is 0. Not moved on by steps: roundings of fractions would add up. */
  #epoch: number;
  #elapsed = 0;
  #advancing: Promise<void> = Promise.resolve();
  readonly #turns: number;

  /**
   * `now` is the wall clock to begin with, in milliseconds since the Unix epoch. Default: the machine's.
   * `turns` is how many turns of the event loop each step is granted, 1 or more. Default 40, for requests over
   * loopback; 1 is enough, and many times faster, where nothing but promises has to settle (no loading of modules either).
   */
  constructor(options: { readonly now?: number; readonly turns?: number } = {}) {
    this.#epoch = options.now ?? Date.now();
    this.#turns = options.turns ?? TURNS;
  }

  now(): number {
    return this.#epoch + this.#elapsed;
  }

  elapsed(): number {
    return this.#elapsed;
  }

  /** Sleeps outstanding. A test of something that was closed expects 0. */
  get pending(): number {
    return this.#sleepers.size;
  }

  /** Ends when `advance` gets there, also for 0 ms; rejects with `signal.reason` as soon as `signal` aborts. */
  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason);
      };
      const sleeper: Sleeper = {
        dueAt: this.#elapsed + Math.max(0, ms),
        wake: () => {
          this.#sleepers.delete(sleeper);
          signal?.removeEventListener("abort", abort);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      if (signal?.aborted === true) abort();
      else signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /**
   * Moves both clocks on by `ms` milliseconds. Due sleeps end in the order of their time, those of one moment together
   * and in the order in which they began; between moments, everything that can go on without time does: promise chains,
   * requests over loopback within this process, signing. What other threads and processes do is not waited for, so let
   * a first `fetch`, which compiles its parser, be over. Calls do not overlap: a second one begins where the first ended.
   *
   * @throws RangeError where `ms` is negative or not finite.
   */
  async advance(ms: number): Promise<void> {
    if (!Number.isFinite(ms) || ms < 0) throw new RangeError(`"ms" is ${ms}; give 0 or more milliseconds`);
    this.#advancing = this.#advancing.then(async () => await this.#advance(ms));
    await this.#advancing;
  }

  /**
   * Moves the wall clock alone by `ms` milliseconds, backwards where negative: what a suspended machine or a time
   * server does. No sleep ends.
   */
  jump(ms: number): void {
    this.#epoch += ms;
  }

  async #advance(ms: number): Promise<void> {
    const target = this.#elapsed + ms;
    await settle(this.#turns);
    for (let due = this.#dueBy(target); due.length > 0; due = this.#dueBy(target)) {
      this.#moveTo(due[0]?.dueAt ?? target);
      for (const sleeper of due) sleeper.wake();
      await settle(this.#turns);
    }
    this.#moveTo(target);
  }

  /** The sleeps of the next moment, none where it lies after `target`. */
  #dueBy(target: number): Sleeper[] {
    let next = Infinity;
    for (const { dueAt } of this.#sleepers) next = Math.min(next, dueAt);
    if (next > target) return [];
    return [...this.#sleepers].filter(({ dueAt }) => dueAt === next);
  }

  #moveTo(elapsed: number): void {
    this.#elapsed = Math.max(this.#elapsed, elapsed);
  }
}
