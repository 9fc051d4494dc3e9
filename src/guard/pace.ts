import { createHash } from "node:crypto";
import type { FailureEvidence } from "../retry/attempt-failure.js";
import type { Verdict } from "../retry/classify-failure.js";
import { retryDelayMs, throttleDelayMs, type RetrySchedule } from "../retry/retry-budget.js";
import type { JudgedFailure } from "./judged-failure.js";

/** Failures older than this do not slow down a new acquisition. */
const FORGET_MS = 60_000;

/**
 * An answer that asks for a longer wait is not taken at its word: warm-up has no budget that would end over it.
 * An update of IMDS takes 2 to 3 min (Azure/azure-sdk-for-go#1848).
 */
const LONGEST_WAIT_MS = 300_000;

/** The least that is left of a first delay after jitter. */
const LEAST_DELAY = 0.8;

/** How fast attempts for one key may follow each other, across acquisitions. All times are monotonic milliseconds. */
export class Pace {
  #lastStart = -Infinity;
  /** No attempt starts before, unless a budget needs it. */
  #notBefore = -Infinity;
  #floor = -Infinity;
  #failures = 0;
  #timeouts = 0;
  /** First and last time of each failure that is transient only for a while. */
  readonly #limited = new Map<string, { first: number; last: number }>();
  #refusal: { readonly failure: JudgedFailure; readonly until: number } | undefined;
  /** SHA-256 of the last rejected token, to say when it comes again. */
  #rejected: string | undefined;

  /** Attempts in a row that ran into their timeout. */
  get timeouts(): number {
    return this.#timeouts;
  }

  /** No attempt starts before, whatever a budget needs. */
  get floor(): number {
    return this.#floor;
  }

  /** A permanent failure, answered from memory until the schedule allows another attempt. */
  refusalAt(now: number): JudgedFailure | undefined {
    return this.#refusal !== undefined && now < this.#refusal.until ? this.#refusal.failure : undefined;
  }

  /** An acquisition begins: what failed a while ago says nothing about now. */
  begin(now: number): void {
    if (now - this.#notBefore > FORGET_MS) this.#failures = 0;
  }

  /** When an attempt may start; `latest` is when a budget needs it. */
  startAt(latest: number): number {
    return Math.max(this.#floor, Math.min(this.#notBefore, latest));
  }

  started(now: number): void {
    this.#lastStart = now;
  }

  /** Counts a failure. A verdict that is transient for a while becomes permanent when that while is over. */
  count(verdict: Verdict, evidence: FailureEvidence, now: number): Verdict {
    this.#timeouts = evidence.kind === "timeout" ? this.#timeouts + 1 : 0;
    this.#failures++;
    const { limitMs, reason, permanent } = verdict;
    if (limitMs === undefined || permanent) return verdict;
    const seen = this.#limited.get(reason);
    // Retry-After, throttling and slow attempts put more than a short limit between two failures.
    const forgetMs = Math.max(limitMs, FORGET_MS);
    const first = seen !== undefined && now - seen.last <= forgetMs ? seen.first : now;
    this.#limited.set(reason, { first, last: now });
    return now - first >= limitMs ? { ...verdict, permanent: true } : verdict;
  }

  /** Sets when the next attempt may start; `Retry-After` is a lower bound. */
  failed(failure: JudgedFailure, schedule: RetrySchedule, now: number, random: () => number): void {
    const { verdict, evidence } = failure;
    const delay = retryDelayMs(schedule, this.#failures, random);
    const asked = verdict.permanent
      ? 0
      : Math.max(
          Math.min(retryAfterOf(evidence), Math.max(LONGEST_WAIT_MS, schedule.budgetMs)),
          verdict.throttled ? throttleDelayMs(random) : 0,
        );
    this.#floor = now + Math.min(delay, schedule.delayMs * LEAST_DELAY);
    this.#notBefore = now + Math.max(delay, asked);
    this.#refusal = verdict.permanent ? { failure, until: this.#notBefore } : undefined;
  }

  succeeded(schedule: RetrySchedule): void {
    this.#failures = 0;
    this.#timeouts = 0;
    this.#limited.clear();
    this.#refusal = undefined;
    this.#rejected = undefined;
    this.#floor = this.#lastStart + schedule.delayMs;
    this.#notBefore = this.#floor;
  }

  /** Remembers a rejected token by its digest; returns whether it is the one that was rejected before. */
  rejectedAgain(token: string): boolean {
    const digest = createHash("sha256").update(token).digest("base64");
    const again = this.#rejected === digest;
    this.#rejected = digest;
    return again;
  }
}

/** What the answer asks to wait, in milliseconds. */
export function retryAfterOf(evidence: FailureEvidence): number {
  return evidence.kind === "answer" ? (evidence.retryAfterMs ?? 0) : 0;
}
