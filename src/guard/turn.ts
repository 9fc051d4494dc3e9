import type { GateObservation } from "../gate/gate.js";
import type { AcquisitionContext } from "./acquisition-context.js";
import { PermanentlyClosed } from "./judged-failure.js";
import type { KeyEntry } from "./token-cache.js";
import type { Waiter } from "./waiter.js";
import { latestStart } from "./waiting-crowd.js";

/** When the next attempt of an acquisition may start. */
export class Turn {
  #sleep = new AbortController();

  /** Who waits has changed, or the acquisition is over: whatever was planned is planned anew. */
  replan(): void {
    this.#sleep.abort();
  }

  /**
   * Sleeps until the pace of the key allows an attempt; earlier where a waiter's budget needs it. Rejects with
   * {@link PermanentlyClosed} as soon as the gate is seen closed for good, and with `signal.reason` where
   * {@link replan} follows the abort.
   */
  async come(
    { pace }: KeyEntry,
    waiters: ReadonlySet<Waiter>,
    { gate, ports: { clock } }: Pick<AcquisitionContext, "gate" | "ports">,
    signal: AbortSignal,
  ): Promise<void> {
    const undo = gate?.onObservation((observation) => {
      if (forGood(observation)) this.replan();
    });
    try {
      let start = Infinity; // as planned: a late timer must not make the last retry that fits into one that does not
      for (;;) {
        const seen = gate?.latest();
        if (seen !== undefined && forGood(seen)) throw new PermanentlyClosed(seen);
        const now = clock.elapsed();
        start = pace.startAt(latestStart(waiters, Math.min(now, start)));
        if (start <= now) return;
        this.#sleep = new AbortController();
        await clock.sleep(start - now, this.#sleep.signal).catch(() => undefined);
        signal.throwIfAborted();
      }
    } finally {
      undo?.();
    }
  }
}

function forGood(
  observation: GateObservation,
): observation is Extract<GateObservation, { state: "closed" }> & { permanent: true } {
  return observation.state === "closed" && observation.permanent;
}
