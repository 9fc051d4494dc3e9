import type { Clock } from "../clock.js";
import { formatDuration } from "../config/duration.js";
import { AttemptFailure } from "../retry/attempt-failure.js";

/** The signal and the timeout of one attempt. The timeout can be shortened while it runs. */
export class RunningAttempt {
  readonly #clock: Clock;
  readonly #controller = new AbortController();
  #timer = new AbortController();
  readonly #startedAt: number;
  #deadline: number;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#startedAt = clock.elapsed();
    this.#deadline = this.#startedAt + timeoutMs;
    void this.#arm(timeoutMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** A caller joined that has no more patience than `timeoutMs`. */
  clip(timeoutMs: number): void {
    const deadline = this.#clock.elapsed() + timeoutMs;
    if (deadline >= this.#deadline || this.signal.aborted) return;
    this.#deadline = deadline;
    this.#timer.abort();
    this.#timer = new AbortController();
    void this.#arm(timeoutMs);
  }

  /** Cuts the attempt off. */
  cut(reason: unknown): void {
    this.#timer.abort();
    this.#controller.abort(reason);
  }

  /** The attempt is over: its timer ends, its signal stays as it is. */
  end(): void {
    this.#timer.abort();
  }

  async #arm(timeoutMs: number): Promise<void> {
    try {
      await this.#clock.sleep(timeoutMs, this.#timer.signal);
    } catch {
      return; // ended, cut, or clipped
    }
    const afterMs = this.#clock.elapsed() - this.#startedAt;
    this.#controller.abort(
      new AttemptFailure(`no answer within ${formatDuration(Math.round(afterMs))}`, {
        kind: "timeout",
        afterMs,
      }),
    );
  }
}
