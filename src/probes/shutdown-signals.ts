import type { Clock } from "../clock.js";
import type { EndSignal, ProcessEvents } from "../process-events.js";

/**
 * What happens at a signal to end.
 *
 * @public
 */
export interface DrainOptions {
  /** Default `["SIGTERM"]`, which is what the kubelet sends. */
  readonly signals?: readonly EndSignal[] | undefined;
  /**
   * How long the process goes on serving after the signal, in milliseconds, 0 to 600,000, until load balancers have seen that
   * it is not ready. Default 5,000. Then the signal ends the process, unless the application listens for it, too: then
   * ending is the application's own.
   */
  readonly delayMs?: number | undefined;
}

/** Drains at the first such signal, and ends the process by it after the delay. Returns what undoes it. */
export function drainOnSignals(
  { signals = ["SIGTERM"], delayMs = 5_000 }: DrainOptions,
  drain: () => void,
  { clock, events }: { readonly clock: Clock; readonly events: ProcessEvents },
): () => void {
  const ended = new AbortController();
  const undo = signals.map((signal) => {
    const off = events.onSignal(signal, () => {
      // Who sends it again does not want to wait: the second one does what it always does.
      off();
      drain();
      void endAfter(signal);
    });
    return off;
  });

  async function endAfter(signal: EndSignal): Promise<void> {
    try {
      // Kept alive: a process with nothing else to do must still be there for those who have not heard yet.
      await clock.sleep(delayMs, ended.signal, { keepAlive: true });
    } catch {
      return; // closed
    }
    // An application that listens, too, ends by itself.
    if (events.listenerCount(signal) === 0) events.endBy(signal);
  }

  return () => {
    ended.abort();
    for (const off of undo) off();
  };
}
