import { AsyncResource } from "node:async_hooks";

const outside = new AsyncResource("azure-identity-guard");

/**
 * Starts work that goes on for its own sake, in no context of the caller's `AsyncLocalStorage`: what a process does for as
 * long as it lives is no part of the request, nor of the trace, that happened to begin it, and must not keep it in memory.
 */
export function detached<T>(work: () => T): T {
  return outside.runInAsyncScope(work);
}
