import { untilAborted } from "../abort.js";
import type { AttemptRecord, IdentityGuardError } from "../errors.js";
import { AttemptFailure } from "../retry/attempt-failure.js";
import type { Plane } from "../retry/plane.js";
import type { RetrySchedule } from "../retry/retry-budget.js";
import { runAttempts } from "../retry/run-attempts.js";
import type { Ending } from "./acquisition-error.js";
import type { AcquisitionContext } from "./acquisition-context.js";
import type { Acquisition } from "./acquisition.js";
import { admitToken } from "./admit-token.js";
import { clearance } from "./clearance.js";
import { AttemptLog } from "./attempt-log.js";
import type { CachedToken } from "./cached-token.js";
import { noteSpent, noteTrouble } from "./key-health.js";
import { answerOf, judgeFailure, outcomeOf } from "./judge-failure.js";
import { PermanentlyClosed, type JudgedFailure } from "./judged-failure.js";
import { retryAfterOf } from "./pace.js";
import { RunningAttempt } from "./running-attempt.js";
import type { KeyEntry } from "./token-cache.js";
import type { AcquiredToken, TokenRequest } from "./token-source.js";
import { Turn } from "./turn.js";
import type { Waiter } from "./waiter.js";
import { waiterError } from "./waiter-error.js";
import { attemptTimeoutMs, noRetryFits } from "./waiting-crowd.js";

/**
 * One acquisition of one key, with everybody who waits for it. Attempts follow each other until a verified token
 * came, a failure is permanent, or nobody waits any more.
 */
export class SharedAcquisition implements Acquisition {
  readonly request: TokenRequest;
  readonly finished: Promise<void>;
  readonly firstAttempt: Promise<void>;
  wanted = false;
  readonly #entry: KeyEntry;
  readonly #context: AcquisitionContext;
  readonly #waiters = new Set<Waiter>();
  readonly #loop = new AbortController();
  readonly #log = new AttemptLog();
  #running: RunningAttempt | undefined;
  #failure: JudgedFailure | undefined;
  /** The pace is that of the most impatient one who ever joined. */
  #schedule: RetrySchedule;
  readonly #turn = new Turn();
  readonly #startedAt: number;
  #succeeded = false;
  #over = false;
  #finish: () => void = () => undefined;
  #firstEnded: () => void = () => undefined;

  constructor(entry: KeyEntry, request: TokenRequest, context: AcquisitionContext, first: Waiter) {
    this.#entry = entry;
    this.request = request;
    this.#context = context;
    this.finished = new Promise((resolve) => (this.#finish = resolve));
    this.firstAttempt = new Promise((resolve) => (this.#firstEnded = resolve));
    this.#schedule = first.schedule;
    this.join(first);
    this.#startedAt = context.ports.clock.elapsed();
    entry.pace.begin(this.#startedAt);
    void this.#run();
  }

  join(waiter: Waiter): void {
    this.#waiters.add(waiter);
    waiter.host = this;
    if (waiter.schedule.delayMs < this.#schedule.delayMs) this.#schedule = waiter.schedule;
    if (waiter.kind === "caller") this.wanted = true;
    if (this.#running === undefined) {
      this.#turn.replan();
      return;
    }
    waiter.startsSeen = 1;
    if (waiter.kind === "caller") this.#running.clip(waiter.schedule.attemptTimeoutMs);
  }

  /** When the last one leaves, no further attempt starts; the one in flight may finish into the cache. */
  leave(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    if (this.#waiters.size === 0 && this.#running === undefined && !this.#over) this.#end();
  }

  get waiters(): ReadonlySet<Waiter> {
    return this.#waiters;
  }

  close(): void {
    for (const waiter of [...this.#waiters]) waiter.reject(this.errorFor(waiter, "close"));
    this.#end();
  }

  errorFor(waiter: Waiter, by: Ending["by"]): IdentityGuardError {
    const { name } = this.#entry;
    if (by === "budget") noteSpent(this.#entry, this.#failure);
    return waiterError(waiter, this.#context, { name, failure: this.#failure, by, log: this.#log });
  }

  async #run(): Promise<void> {
    try {
      const token = await runAttempts(
        async () => await this.#attempt(),
        () => this.#planRetry(),
        this.#loop.signal,
      );
      this.#succeed(token);
    } catch {
      // Whoever still waits was told by #planRetry; an ended loop has nobody left.
      this.#end();
    }
  }

  /** Waits until an attempt may start, makes it, and admits what it brought. */
  async #attempt(): Promise<CachedToken> {
    const { signal } = this.#loop;
    let plane: Plane | undefined;
    try {
      ({ plane } = await clearance(this.#turn, this.#entry, this.#waiters, this.#context, signal));
    } catch (error) {
      signal.throwIfAborted();
      throw this.#judge(error, undefined);
    }
    const { clock } = this.#context.ports;
    const number = this.#log.start();
    this.#entry.pace.started(clock.elapsed());
    for (const waiter of this.#waiters) waiter.startsSeen++;
    const running = new RunningAttempt(clock, attemptTimeoutMs(this.#waiters, this.#entry.pace.timeouts));
    this.#running = running;
    const startedAt = clock.now();
    let answer: Pick<AttemptRecord, "status" | "provenance"> = {};
    try {
      const acquired = await this.#ask(running, plane);
      answer = answerOf(acquired);
      const token = await this.#admit(acquired, plane);
      this.#record({ number, startedAt, endedAt: clock.now(), outcome: "token", ...answer });
      return token;
    } catch (error) {
      if (this.#over) throw error; // cut off; there is nothing to learn from it
      const judged = this.#judge(error, plane);
      const { verdict, evidence } = judged;
      if (evidence.kind === "answer") answer = answerOf(evidence);
      const outcome = outcomeOf(evidence);
      this.#record({ number, startedAt, endedAt: clock.now(), outcome, reason: verdict.reason, ...answer });
      throw judged;
    } finally {
      running.end();
      this.#running = undefined;
      this.#firstEnded();
    }
  }

  /** One request. Past its timeout it is abandoned where the credential goes on regardless. */
  async #ask(running: RunningAttempt, plane: Plane | undefined): Promise<AcquiredToken> {
    const { source, ports } = this.#context;
    const pending = source.acquire(this.request, running.signal);
    try {
      return await untilAborted(pending, running.signal);
    } catch (error) {
      if (running.signal.aborted && !source.direct) {
        const late = pending.then(
          async (acquired) => await this.#late(acquired, plane),
          () => undefined,
        );
        this.#entry.abandoned.add(late, ports.clock.elapsed());
      }
      // What the source throws when it is cut off says less than why it was.
      running.signal.throwIfAborted();
      throw error;
    }
  }

  /** An abandoned attempt brought a token after all: it serves, if it passes what every token must. */
  async #late(acquired: AcquiredToken, plane: Plane | undefined): Promise<void> {
    if (this.#over) return;
    try {
      this.#succeed(await this.#admit(acquired, plane));
    } catch {
      // Its own attempt was counted as a timeout already; the acquisition goes on.
    }
  }

  async #admit(acquired: AcquiredToken, plane: Plane | undefined): Promise<CachedToken> {
    const { scopes } = this.request;
    const { signal } = this.#loop;
    return await admitToken(acquired, { context: this.#context, entry: this.#entry, scopes, plane, signal });
  }

  #judge(error: unknown, plane: Plane | undefined): JudgedFailure {
    this.#failure = judgeFailure(error, this.#context, { pace: this.#entry.pace, plane });
    return this.#failure;
  }

  /** After a failed attempt: tells those for whom it is over, and sets when the next attempt may start. */
  #planRetry(): void {
    const failure = this.#failure;
    if (failure === undefined) throw new NobodyWaits();
    const { clock, random } = this.#context.ports;
    const now = clock.elapsed();
    noteTrouble(this.#entry, failure);
    // Where the gate is closed for good no attempt was made, and the next caller is told at once, too.
    if (!(failure.error instanceof PermanentlyClosed)) {
      this.#entry.pace.failed(failure, this.#schedule, now, random);
    }
    const owed = retryAfterOf(failure.evidence);
    for (const waiter of [...this.#waiters]) {
      if (failure.verdict.permanent) waiter.reject(this.errorFor(waiter, "verdict"));
      else if (owed > 0 && now + owed > waiter.deadline) waiter.reject(this.errorFor(waiter, "retry-after"));
      else if (noRetryFits(waiter, this.#entry.pace.floor)) waiter.reject(this.errorFor(waiter, "budget"));
    }
    if (this.#waiters.size === 0) throw new NobodyWaits();
  }

  #record(record: AttemptRecord): void {
    this.#log.add(record);
    this.#context.onAttempt(this.#entry, record);
  }

  #succeed(token: CachedToken): void {
    if (this.#over) return;
    this.#entry.pace.succeeded(this.#schedule);
    this.#failure = undefined;
    this.#succeeded = true;
    this.#context.onToken(this.#entry, token, this);
    for (const waiter of [...this.#waiters]) waiter.resolve(token);
    this.#end();
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#running?.cut(
      new AttemptFailure("the acquisition is over", { kind: "transport", code: "ABORT_ERR" }),
    );
    this.#loop.abort(new NobodyWaits());
    this.#turn.replan();
    this.#context.onEnd(this.#entry, this, {
      outcome: this.#succeeded ? "token" : this.#failure === undefined ? "abandoned" : "failed",
      durationMs: this.#context.ports.clock.elapsed() - this.#startedAt,
      attempts: this.#log.count,
      failure: this.#failure,
    });
    this.#firstEnded();
    this.#finish();
  }
}

/** Ends the loop where nobody is left to tell. */
class NobodyWaits extends Error {}
