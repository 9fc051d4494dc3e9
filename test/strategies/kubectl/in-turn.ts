/** All of them, whatever becomes of the others. @throws What one of them threw, or all that several did. */
export async function inTurn(works: readonly (() => Promise<void>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const work of works) {
    await work().catch((error: unknown) => errors.push(...errorsOf(error)));
  }
  if (errors.length > 1) throw new AggregateError(errors, errors.map(messageOf).join("\n"));
  if (errors.length > 0) throw errors[0];
}

/** Undoes what was begun, and throws `error`, with what else the undoing threw. */
export async function failAfter(error: unknown, undo: () => Promise<void>): Promise<never> {
  await inTurn([async () => await Promise.reject(error), undo]);
  throw error;
}

/** One, or all of several. */
export const errorsOf = (error: unknown): readonly unknown[] =>
  error instanceof AggregateError ? error.errors : [error];

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Whether an error is what `signal` was aborted for, and not one of something that failed meanwhile. */
export function isOfAbort(error: unknown, signal: AbortSignal): boolean {
  // Node.js has an error of its own for waits that were cut off.
  return (
    signal.aborted && (error === signal.reason || (error instanceof Error && error.name === "AbortError"))
  );
}
