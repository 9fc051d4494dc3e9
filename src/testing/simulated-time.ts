import type { Clock } from "../clock.js";

/** The simulator's own time: a clock whose waits are shortened or stretched by one factor. */
export interface SimulatedTime {
  /** Factor on every wait. */
  readonly scale: number;
  /** Wall clock in milliseconds since the Unix epoch, never scaled: tokens expire by it. */
  now(): number;
  /** Simulated milliseconds from an arbitrary origin. */
  elapsed(): number;
  /** Waits `ms` simulated milliseconds; rejects with `signal.reason` when `signal` aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

export function simulatedTime(clock: Clock, scale: number): SimulatedTime {
  if (!Number.isFinite(scale) || scale <= 0) {
    throw new RangeError(
      `"timeScale" is ${scale}; give a number above 0, for example 0.1 for a tenth of the time`,
    );
  }
  return {
    scale,
    now: () => clock.now(),
    elapsed: () => clock.elapsed() / scale,
    async wait(ms, signal) {
      await clock.sleep(ms * scale, signal);
    },
  };
}
