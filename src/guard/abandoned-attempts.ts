import { untilAborted } from "../abort.js";
import type { Clock } from "../clock.js";

/**
 * An abandoned attempt that has not ended after this long never will: NMI's longest answer takes 100 s of holding and
 * 112 s of retries toward IMDS (aad-pod-identity pkg/nmi/standard.go, go-autorest adal/token.go).
 */
const DEAD_MS = 240_000;

/** Attempts of one key that outlived their timeout, because the credential ignores its signal. */
export class AbandonedAttempts {
  /** When each was abandoned, in monotonic milliseconds. */
  readonly #since = new Map<Promise<unknown>, number>();

  /** `attempt` never rejects. */
  add(attempt: Promise<unknown>, now: number): void {
    this.#since.set(attempt, now);
    void attempt.finally(() => this.#since.delete(attempt));
  }

  /** Resolves when at most one of them is left, so that no more than one runs beside the next attempt. */
  async room(clock: Clock, signal: AbortSignal): Promise<void> {
    for (;;) {
      for (const [attempt, since] of this.#since) {
        if (clock.elapsed() - since >= DEAD_MS) this.#since.delete(attempt);
      }
      const alive = [...this.#since];
      const oldest = alive[0];
      if (alive.length <= 1 || oldest === undefined) return;
      const timer = new AbortController();
      const dead = clock.sleep(oldest[1] + DEAD_MS - clock.elapsed(), timer.signal).catch(() => undefined);
      try {
        await untilAborted(Promise.race([...alive.map(([attempt]) => attempt), dead]), signal);
      } finally {
        timer.abort();
      }
    }
  }
}
