import pRetry from "p-retry";

/**
 * Runs `attempt` until it succeeds. After each failure `beforeRetry` decides: it resolves when the next attempt may
 * start, or rejects to end the loop with its reason. All waiting happens there, on the `Clock`, and p-retry itself
 * never waits (`minTimeout: 0`). Rejects with `signal.reason` when `signal` aborts between attempts.
 */
export async function runAttempts<T>(
  attempt: (number: number) => Promise<T>,
  beforeRetry: (error: Error, number: number) => Promise<void>,
  signal: AbortSignal,
): Promise<T> {
  return await pRetry(attempt, {
    retries: Infinity,
    minTimeout: 0,
    factor: 1,
    signal,
    onFailedAttempt: async ({ error, attemptNumber }) => {
      signal.throwIfAborted();
      await beforeRetry(error, attemptNumber);
    },
  });
}
