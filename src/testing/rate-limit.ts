import type { SimulatedTime } from "./simulated-time.js";

/**
 * Limits of the managed identity category of IMDS, for the whole VM.
 *
 * @public
 */
export interface ImdsLimits {
  /** Requests admitted in any second of simulated time. Default 20. */
  readonly perSecond: number;
  /** Requests in progress together; they overlap only where IMDS takes time (`latencyMs`, a fault). Default 5. */
  readonly concurrent: number;
}

/** "Azure Instance Metadata Service" in Microsoft's documentation, section "Rate limiting". */
export const DEFAULT_LIMITS: ImdsLimits = Object.freeze({ perSecond: 20, concurrent: 5 });

/**
 * Limits to change; `undefined` leaves one as it is.
 *
 * @public
 */
export type ImdsLimitsInit = { readonly [K in keyof ImdsLimits]?: number | undefined };

export function mergeLimits(current: ImdsLimits, given: ImdsLimitsInit): ImdsLimits {
  return {
    perSecond: given.perSecond ?? current.perSecond,
    concurrent: given.concurrent ?? current.concurrent,
  };
}

/** Admits requests within {@link ImdsLimits}; refused ones do not count. */
export class RateLimit {
  readonly #time: SimulatedTime;
  limits: ImdsLimits;
  #admitted: number[] = [];
  #running = 0;

  constructor(time: SimulatedTime, limits: ImdsLimits) {
    this.#time = time;
    this.limits = limits;
  }

  /** Runs `work` where the limits admit it, else `refused`. */
  async run<T>(work: () => Promise<T>, refused: () => T): Promise<T> {
    const at = this.#time.elapsed();
    this.#admitted = this.#admitted.filter((admittedAt) => at - admittedAt < 1000);
    if (this.#admitted.length >= this.limits.perSecond || this.#running >= this.limits.concurrent) {
      return refused();
    }
    this.#admitted.push(at);
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
    }
  }
}
