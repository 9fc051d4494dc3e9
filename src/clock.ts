/**
 * Time as the library sees it. Everything that waits or measures asks a `Clock`, so that tests live through an
 * 80 s budget in microseconds.
 *
 * @public
 */
export interface Clock {
  /** Wall clock: milliseconds since the Unix epoch. Only token expiry is compared with it, since it may jump. */
  now(): number;
  /** Monotonic milliseconds from an arbitrary origin. Budgets, delays and ages are measured with it. */
  elapsed(): number;
  /**
   * Resolves after `ms` milliseconds; rejects with `signal.reason` as soon as `signal` aborts, also when it
   * already has. The timer keeps the process alive only with `keepAlive: true`.
   */
  sleep(ms: number, signal?: AbortSignal, options?: SleepOptions): Promise<void>;
}

/** @public */
export interface SleepOptions {
  /** Whether the process must not exit before this wait ends. Default `false`. */
  readonly keepAlive?: boolean;
}

/** Node fires timers with a longer delay at once (https://nodejs.org/api/timers.html#settimeoutcallback-delay-args). */
export const MAX_TIMER_MS = 2_147_483_647;

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  async sleep(ms, signal, options) {
    await new Promise<void>((resolve, reject) => {
      // The caller's own reason, whatever it is, goes on unchanged.
      const abort = (): void => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(
        () => {
          signal?.removeEventListener("abort", abort);
          resolve();
        },
        Math.min(Math.max(0, ms), MAX_TIMER_MS),
      );
      if (options?.keepAlive !== true) timer.unref();
      if (signal?.aborted === true) abort();
      else signal?.addEventListener("abort", abort, { once: true });
    });
  },
};

/** Chance, beside time the other thing that tests inject. Not for secrets. */
export const systemRandom = (): number => Math.random();
