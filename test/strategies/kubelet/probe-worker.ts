import type { Clock } from "../../../src/clock.js";
import type { ProbeSpec } from "./probe-spec.js";

export interface ProbeWorker {
  readonly spec: ProbeSpec;
  readonly clock: Clock;
  /** The result before the first probe; `undefined`: neither. */
  readonly initial: boolean | undefined;
  /** One probe; a rejection is a failure. The signal aborts when its time is over. */
  readonly attempt: (signal: AbortSignal) => Promise<boolean>;
  /** Each probe. */
  readonly ended: (success: boolean) => void;
  /** The result changed: a threshold was reached. */
  readonly changed: (result: boolean) => void;
}

/**
 * Probes until `signal` aborts: first after the initial delay, then each period. A period that passed during a probe is made
 * up for once, as with the kubelet's ticker. The kubelet's random delay after its own start is left out, and so are probes
 * between periods: times stay the same from run to run.
 */
export async function runProbe(worker: ProbeWorker, signal: AbortSignal): Promise<void> {
  const { spec, clock } = worker;
  let result = worker.initial;
  let last: boolean | undefined;
  let count = 0;
  const aborted = (): boolean => signal.aborted;
  await sleepUnlessAborted(clock, initialDelayMs(spec), signal);
  let tick = clock.elapsed();
  while (!aborted()) {
    const success = await withinTimeout(worker, signal);
    if (aborted()) return;
    worker.ended(success);
    count = success === last ? count + 1 : 1;
    last = success;
    const threshold = success ? spec.successThreshold : spec.failureThreshold;
    if (count >= threshold && result !== success) {
      result = success;
      worker.changed(success);
    }
    const period = spec.periodSeconds * 1000;
    const passed = clock.elapsed() - tick;
    tick += period * Math.max(1, Math.floor(passed / period));
    await sleepUnlessAborted(clock, tick - clock.elapsed(), signal);
  }
}

/** A delay that is shorter than the period is void, by the documentation of `initialDelaySeconds` (Configure probes). */
function initialDelayMs({ initialDelaySeconds, periodSeconds }: ProbeSpec): number {
  return periodSeconds > initialDelaySeconds ? 0 : initialDelaySeconds * 1000;
}

async function withinTimeout({ spec, clock, attempt }: ProbeWorker, signal: AbortSignal): Promise<boolean> {
  const over = new AbortController();
  const stop = (): void => over.abort();
  signal.addEventListener("abort", stop, { once: true });
  try {
    const late = clock.sleep(spec.timeoutSeconds * 1000, over.signal).then(
      () => false,
      () => false,
    );
    return await Promise.race([attempt(over.signal).catch(() => false), late]);
  } finally {
    signal.removeEventListener("abort", stop);
    over.abort();
  }
}

/** Ends early, and without a rejection, when `signal` aborts. */
export async function sleepUnlessAborted(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return;
  await clock.sleep(ms, signal).catch(() => undefined);
}
