import type { Clock } from "../clock.js";
import { withTimeLimit } from "../gate/time-limit.js";
import type { ProbeName } from "../health/health-report.js";
import { redact } from "../identity/redact.js";

/**
 * A check of the application's own that joins in, so that one endpoint covers all its dependencies.
 *
 * @public
 */
export interface ProbeCheck {
  /** As answers list it and `?exclude=` names it: 1 to 63 letters, digits, `-`, `_` or `.`. */
  readonly name: string;
  /** Fails where it throws, rejects, or gives `false`; `abortSignal` aborts when its time is over. */
  readonly check: (options: { readonly abortSignal: AbortSignal }) => unknown;
  /** Which probes it takes part in. Default `["ready"]`: a restart seldom cures a dependency. */
  readonly probes?: readonly ProbeName[] | undefined;
  /** Longest time of one run, in milliseconds, 1 to 60,000. Default 800: the kubelet's own limit is 1 s unless set. */
  readonly timeoutMs?: number | undefined;
}

/** What a run came to. */
export interface CheckResult {
  readonly name: string;
  readonly passed: boolean;
  /** `ok`, `failed`, `timed-out`, or `not-run-yet`. */
  readonly reason: string;
  /** What it threw, redacted. */
  readonly detail?: string;
}

export const DEFAULT_TIMEOUT_MS = 800;

/** A result serves all probes of this time. */
const CACHE_MS = 1_000;

/** A run that ignores its signal keeps the next one from starting for so long: they must not pile up. */
const GIVE_UP_MS = 30_000;

/** Runs one check for all probes: one run at a time, each result served for a second. */
export class ApplicationCheck {
  readonly name: string;
  readonly probes: readonly ProbeName[];
  readonly #check: ProbeCheck["check"];
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  #last: { readonly result: CheckResult; readonly at: number } | undefined;
  #running: Promise<CheckResult> | undefined;
  /** When the run started that has not returned, though its time is over. */
  #stuckSince: number | undefined;

  constructor(given: ProbeCheck, clock: Clock) {
    this.name = given.name;
    this.probes = given.probes ?? ["ready"];
    this.#check = given.check;
    this.#timeoutMs = given.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#clock = clock;
  }

  /** A result that is at most a second old, from the last run or from one that starts now. */
  async result(): Promise<CheckResult> {
    return this.#fresh() ?? (await this.#run());
  }

  /** The last result, whatever its age, while the next run goes on; never waits. */
  lastResult(): CheckResult {
    if (this.#fresh() === undefined) void this.#run();
    return this.#last?.result ?? { name: this.name, passed: true, reason: "not-run-yet" };
  }

  #fresh(): CheckResult | undefined {
    const last = this.#last;
    return last !== undefined && this.#clock.elapsed() - last.at < CACHE_MS ? last.result : undefined;
  }

  #run(): Promise<CheckResult> {
    this.#running ??= this.#begin().then((result) => {
      this.#last = { result, at: this.#clock.elapsed() };
      this.#running = undefined;
      return result;
    });
    return this.#running;
  }

  async #begin(): Promise<CheckResult> {
    const stuck = this.#stuckSince;
    if (stuck !== undefined && this.#clock.elapsed() - stuck < GIVE_UP_MS) {
      return this.#said(false, "timed-out", "an earlier run has not returned");
    }
    return await this.#once();
  }

  async #once(): Promise<CheckResult> {
    const startedAt = this.#clock.elapsed();
    const call = { returned: false };
    const work = async (abortSignal: AbortSignal): Promise<unknown> => {
      try {
        return await this.#check({ abortSignal });
      } finally {
        call.returned = true;
        if (this.#stuckSince === startedAt) this.#stuckSince = undefined;
      }
    };
    try {
      const limited = await withTimeLimit(this.#timeoutMs, work, { clock: this.#clock });
      if (!limited.timedOut)
        return this.#said(limited.value !== false, limited.value === false ? "failed" : "ok");
      if (!call.returned) this.#stuckSince = startedAt;
      return this.#said(false, "timed-out", `no result within ${this.#timeoutMs} ms`);
    } catch (error) {
      return this.#said(false, "failed", error instanceof Error ? messageOf(error) : `threw ${typeof error}`);
    }
  }

  #said(passed: boolean, reason: string, detail?: string): CheckResult {
    return { name: this.name, passed, reason, ...(detail === undefined ? {} : { detail }) };
  }
}

/** Errors of the application may be anything, a getter that throws included. */
function messageOf(error: Error): string {
  try {
    return redact(error.message, 200);
  } catch {
    return "an error that cannot be read";
  }
}
