import type { AttemptRecord } from "../errors.js";
import type { AcquisitionOutcome } from "./guard-events.js";

/**
 * Upper bounds of the buckets of acquisition durations, in seconds; the last one is the default budget's double.
 */
export const DURATION_BUCKETS: readonly number[] = Object.freeze([
  0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160,
]);

/**
 * Counts since the credential was made. They only ever grow.
 *
 * @public
 */
export interface HealthMetrics {
  /** Token requests by how they ended; `reason` is a {@link FailureReason}, or `none` where a verified token came. */
  readonly attempts: readonly {
    readonly outcome: AttemptRecord["outcome"];
    readonly reason: string;
    readonly count: number;
  }[];
  /** Attempts that were not the first of their acquisition. */
  readonly retries: number;
  /** Tokens that were refused before anybody could see them. */
  readonly rejected: readonly { readonly reason: string; readonly count: number }[];
  /** How long acquisitions took. `buckets` are cumulative, by the bounds 0.05, 0.1, 0.25, 0.5, 1, 2.5 ... 160 s. */
  readonly acquisitions: readonly {
    readonly outcome: AcquisitionOutcome;
    readonly count: number;
    readonly sumMs: number;
    readonly buckets: readonly number[];
  }[];
  /** Calls that were answered with the cached token, without waiting. */
  readonly cacheHits: number;
}

interface Durations {
  count: number;
  sumMs: number;
  readonly buckets: number[];
}

/** Counts what a credential does. Reasons are codes of closed sets, so there are never many counters. */
export class HealthCounters {
  /** Counted where nothing may cost anything, hence a plain field. */
  cacheHits = 0;
  #retries = 0;
  readonly #attempts = new Map<
    string,
    { outcome: AttemptRecord["outcome"]; reason: string; count: number }
  >();
  readonly #rejected = new Map<string, number>();
  readonly #acquisitions = new Map<AcquisitionOutcome, Durations>();
  /** All but the cache hits, as they were given last, while they still hold. */
  #given: Omit<HealthMetrics, "cacheHits"> | undefined;

  attempt({ outcome, reason = "none", number }: Pick<AttemptRecord, "outcome" | "reason" | "number">): void {
    this.#given = undefined;
    if (number > 1) this.#retries++;
    const key = `${outcome} ${reason}`;
    const counter = this.#attempts.get(key) ?? { outcome, reason, count: 0 };
    this.#attempts.set(key, counter);
    counter.count++;
  }

  rejected(reason: string): void {
    this.#given = undefined;
    this.#rejected.set(reason, (this.#rejected.get(reason) ?? 0) + 1);
  }

  acquisition(outcome: AcquisitionOutcome, durationMs: number): void {
    this.#given = undefined;
    const durations = this.#acquisitions.get(outcome) ?? {
      count: 0,
      sumMs: 0,
      buckets: DURATION_BUCKETS.map(() => 0),
    };
    this.#acquisitions.set(outcome, durations);
    durations.count++;
    durations.sumMs += durationMs;
    DURATION_BUCKETS.forEach((bound, index) => {
      if (durationMs <= bound * 1000) durations.buckets[index] = (durations.buckets[index] ?? 0) + 1;
    });
  }

  snapshot(): HealthMetrics {
    this.#given ??= {
      attempts: [...this.#attempts.values()].map((counter) => ({ ...counter })),
      retries: this.#retries,
      rejected: [...this.#rejected].map(([reason, count]) => ({ reason, count })),
      acquisitions: [...this.#acquisitions].map(([outcome, { count, sumMs, buckets }]) => ({
        outcome,
        count,
        sumMs,
        buckets: [...buckets],
      })),
    };
    return { ...this.#given, cacheHits: this.cacheHits };
  }
}
