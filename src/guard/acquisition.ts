import type { TokenRequest } from "./token-source.js";
import type { Waiter, WaiterHost } from "./waiter.js";

/** An acquisition in flight, as those see it who join it or wait for it to end. */
export interface Acquisition extends WaiterHost {
  readonly request: TokenRequest;
  readonly waiters: ReadonlySet<Waiter>;
  /** Settles (never rejects) when the acquisition is over. */
  readonly finished: Promise<void>;
  /** Settles (never rejects) when the first attempt, or the acquisition, is over. */
  readonly firstAttempt: Promise<void>;
  /** Whether somebody asked for it, other than the background. */
  readonly wanted: boolean;
  join(waiter: Waiter): void;
  /** Ends everything at once, the attempt in flight included; rejects whoever waits. */
  close(): void;
}
