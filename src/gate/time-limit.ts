import type { GetTokenOptions } from "@azure/core-auth";
import type { Clock } from "../clock.js";

type AbortSignalLike = NonNullable<GetTokenOptions["abortSignal"]>;

export type Limited<T> = { readonly timedOut: false; readonly value: T } | { readonly timedOut: true };

interface LimitContext {
  readonly clock: Clock;
  readonly signal?: AbortSignalLike | undefined;
}

/**
 * Runs `work` for at most `ms` milliseconds. Settles at the limit also where `work` goes on regardless; its signal is
 * aborted by then. Rejects with the reason of `signal` as soon as that aborts, and with what `work` rejects with.
 * Nothing of it keeps the process alive, and no timer or listener is left behind.
 */
export async function withTimeLimit<T>(
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
  { clock, signal }: LimitContext,
): Promise<Limited<T>> {
  return await withSignal(signal, async (own) => {
    return await Promise.race([finish(work(own)), expire(clock.sleep(ms, own))]);
  });
}

/** Runs `work` with a signal that aborts when `signal` does, and when `work` has settled. */
export async function withSignal<T>(
  signal: AbortSignalLike | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const control = new AbortController();
  const abort = (): void => control.abort(reasonOf(signal));
  if (signal?.aborted === true) abort();
  control.signal.throwIfAborted();
  signal?.addEventListener("abort", abort);
  try {
    return await work(control.signal);
  } finally {
    signal?.removeEventListener("abort", abort);
    control.abort();
  }
}

async function finish<T>(work: Promise<T>): Promise<Limited<T>> {
  return { timedOut: false, value: await work };
}

async function expire(limit: Promise<void>): Promise<Limited<never>> {
  await limit;
  return { timedOut: true };
}

/** `AbortSignalLike` of the Azure SDK has no reason; what an `AbortSignal` gives goes on unchanged. */
function reasonOf(signal: AbortSignalLike | undefined): unknown {
  return signal instanceof AbortSignal
    ? signal.reason
    : new DOMException("The operation was aborted.", "AbortError");
}
