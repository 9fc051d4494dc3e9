import type { GetTokenOptions } from "@azure/core-auth";

/**
 * The signal of the Azure SDK: an `AbortSignal`, or anything that has its `aborted` and its listeners.
 *
 * @public
 */
export type AbortSignalLike = NonNullable<GetTokenOptions["abortSignal"]>;

/** The error that the Azure SDK rejects with when a caller aborts; the caller's own reason is its `cause`. */
export function abortError(signal: AbortSignalLike): Error {
  const reason = reasonOf(signal);
  const error = new Error("The operation was aborted.", reason === undefined ? {} : { cause: reason });
  error.name = "AbortError";
  return error;
}

/** A signal of the caller's own making may throw where it is looked at; an abort must come through all the same. */
function reasonOf(signal: AbortSignalLike): unknown {
  try {
    return "reason" in signal ? signal.reason : undefined;
  } catch {
    return undefined;
  }
}

/** Settles as `work`, or rejects with `signal.reason` as soon as `signal` aborts; leaves no listener behind. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let abort = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal.reason);
  });
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
    // Whichever of the two lost must not become an unhandled rejection.
    work.catch(() => undefined);
    aborted.catch(() => undefined);
  }
}
