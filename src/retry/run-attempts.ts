import pRetry from "p-retry";

/**
 * Runs `attempt` until it succeeds. After each failure `afterFailure` decides: it returns for another attempt, or throws
 * to end the loop. p-retry itself never waits (`minTimeout: 0`): attempts wait for their turn themselves, on the
 * `Clock`. Rejects with `signal.reason` when `signal` aborts between attempts.
 */
export async function runAttempts<T>(
  attempt: () => Promise<T>,
  afterFailure: () => void,
  signal: AbortSignal,
): Promise<T> {
  return await pRetry(attempt, {
    retries: Infinity,
    minTimeout: 0,
    factor: 1,
    signal,
    onFailedAttempt: () => {
      signal.throwIfAborted();
      afterFailure();
    },
  });
}
