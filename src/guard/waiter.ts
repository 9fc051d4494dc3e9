import { abortError, type AbortSignalLike } from "../abort.js";
import { MAX_TIMER_MS, type Clock } from "../clock.js";
import type { RetrySchedule } from "../retry/retry-budget.js";
import type { CachedToken } from "./cached-token.js";

/** Who waits: a caller has a budget; warm-up has none; a refresh has a caller's budget and nobody who listens. */
export type WaiterKind = "caller" | "warm-up" | "refresh";

/** What serves a waiter. */
export interface WaiterHost {
  /** The waiter was settled, or its caller has gone. */
  leave(waiter: Waiter): void;
  /** Why `waiter` gets no token, if it ended now. */
  errorFor(waiter: Waiter, by: "budget" | "verdict" | "retry-after" | "close"): Error;
}

/** One call as it reaches the shared state. */
export interface Call {
  readonly kind: WaiterKind;
  /** The instance that the call came through: `close()` ends its calls only. */
  readonly owner: object;
  readonly schedule: RetrySchedule;
  readonly abortSignal?: AbortSignalLike | undefined;
  /** Monotonic milliseconds at which the call began, where it has waited already. Default: now. */
  readonly startedAt?: number;
  /** Whether the process must stay until the call is settled. Default: for callers. */
  readonly keepAlive?: boolean;
}

/**
 * One call that waits for a token, with a budget of its own. Its budget timer is also what keeps the process alive:
 * everything that works for it in the background is unreferenced.
 */
export class Waiter {
  readonly kind: WaiterKind;
  readonly schedule: RetrySchedule;
  readonly owner: object;
  readonly promise: Promise<CachedToken>;
  /** Monotonic milliseconds. */
  readonly joinedAt: number;
  readonly deadline: number;
  /** Attempts that have started, or were running, since the call began. */
  startsSeen = 0;
  /** The acquisition that serves it; none while it waits for one with other claims to end. */
  host: WaiterHost | undefined;
  readonly #call: Call;
  readonly #explain: (waiter: Waiter) => Error;
  readonly #stop = new AbortController();
  #resolve: (token: CachedToken) => void = () => undefined;
  #reject: (error: Error) => void = () => undefined;
  #settled = false;

  /** `explain` makes the error of a waiter whose budget is spent. */
  constructor(call: Call, explain: (waiter: Waiter) => Error, clock: Clock) {
    this.kind = call.kind;
    this.schedule = call.schedule;
    this.owner = call.owner;
    this.#call = call;
    this.#explain = explain;
    this.joinedAt = call.startedAt ?? clock.elapsed();
    this.deadline = call.kind === "warm-up" ? Infinity : this.joinedAt + call.schedule.budgetMs;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Callers look at `promise`; a refresh may have nobody who does.
    this.promise.catch(() => undefined);
    call.abortSignal?.addEventListener("abort", this.#aborted);
    if (call.abortSignal?.aborted === true) this.#aborted();
    else void this.#expire(clock);
  }

  get settled(): boolean {
    return this.#settled;
  }

  resolve(token: CachedToken): void {
    if (this.#settle()) this.#resolve(token);
  }

  reject(error: Error): void {
    if (this.#settle()) this.#reject(error);
  }

  readonly #aborted = (): void => {
    const signal = this.#call.abortSignal;
    if (signal !== undefined) this.reject(abortError(signal));
  };

  async #expire(clock: Clock): Promise<void> {
    const keepAlive = this.#call.keepAlive ?? this.kind === "caller";
    try {
      // More than one turn only without a deadline, where the timer is there to keep the process alive.
      do {
        const left = this.deadline - clock.elapsed();
        await clock.sleep(Math.min(left, MAX_TIMER_MS), this.#stop.signal, { keepAlive });
      } while (this.deadline > clock.elapsed());
    } catch {
      return; // settled before
    }
    this.reject(this.#explain(this));
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#stop.abort();
    this.host?.leave(this);
    try {
      this.#call.abortSignal?.removeEventListener("abort", this.#aborted);
    } catch {
      // A signal of the caller's own making: those who wait beside it must not suffer for it.
    }
    return true;
  }
}
