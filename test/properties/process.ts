import { getEventListeners } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { inspect } from "node:util";
import type { GetTokenOptions } from "@azure/core-auth";
import type { GuardEventName } from "../../src/health/guard-events.js";
import type { GuardedCredential } from "../../src/guard/guarded-credential.js";
import type { SharedState } from "../../src/guard/shared-state.js";
import type { StateRegistry } from "../../src/guard/registry.js";
import type { RetrySchedule } from "../../src/retry/retry-budget.js";
import type { ManualClock } from "../../src/testing/manual-clock.js";
import type { Moment } from "./plane.js";

/** One call as its caller lived through it. */
export interface CallRecord {
  readonly kind: "getToken" | "warmUp";
  readonly resource: string;
  readonly instance: number;
  readonly claims: boolean;
  readonly schedule: RetrySchedule;
  readonly start: Moment;
  /** A token that could be served was there when the call began. */
  readonly hadToken: boolean;
  /** The wall clock when the call began and when it ended, and how often it had been moved by then. */
  readonly jumpsBefore: number;
  jumpsAfter?: number;
  abortedAt?: number;
  end?: Moment;
  wallAtEnd?: number;
  token?: string;
  error?: unknown;
  /** Listeners on the caller's signal once the call was over. */
  listenersLeft?: number;
}

/** A verified token was stored. */
export interface StoredRecord extends Moment {
  readonly text: string | undefined;
}

const EVENTS: readonly GuardEventName[] = ["change", "gate", "attempt", "token", "rejected", "acquisition"];

/** The application around guarded credentials: it calls, aborts, closes, and writes down what it saw. */
export class Process {
  readonly calls: CallRecord[] = [];
  readonly stored: StoredRecord[] = [];
  /** Texts that leave the library: events, errors, snapshots, log lines. */
  readonly said: string[] = [];
  readonly #clock: ManualClock;
  readonly #moment: () => Moment;
  readonly #registry: StateRegistry;
  readonly #watched = new Set<SharedState>();
  jumps = 0;

  constructor(clock: ManualClock, moment: () => Moment, registry: StateRegistry) {
    this.#clock = clock;
    this.#moment = moment;
    this.#registry = registry;
  }

  /** Every state that was there, closed ones too. */
  get states(): readonly SharedState[] {
    return [...this.#watched];
  }

  /** Listens to the states that are new. */
  watch(): void {
    for (const weak of this.#registry.states.values()) {
      const state = weak.deref();
      if (state === undefined || this.#watched.has(state)) continue;
      this.#watched.add(state);
      for (const name of EVENTS) state.health.on(name, (event) => this.said.push(JSON.stringify(event)));
      state.health.on("token", ({ key }) => {
        const entry = [...state.cache.entries()].find(({ name }) => name === key);
        this.stored.push({ ...this.#moment(), text: entry?.token?.accessToken.token });
      });
    }
  }

  /** Begins a call; what it returns aborts it. */
  call(
    credential: GuardedCredential,
    given: Pick<CallRecord, "kind" | "resource" | "instance" | "schedule">,
    options: GetTokenOptions,
  ): () => Promise<void> {
    const control = new AbortController();
    const record: CallRecord = {
      ...given,
      claims: options.claims !== undefined,
      start: this.#moment(),
      hadToken: this.#usable(given.resource),
      jumpsBefore: this.jumps,
    };
    this.calls.push(record);
    void this.#live(credential, record, { ...options, abortSignal: control.signal }, control.signal);
    return async () => {
      if (record.end !== undefined) return;
      record.abortedAt = this.#clock.elapsed();
      control.abort();
      await turn();
    };
  }

  async #live(
    credential: GuardedCredential,
    record: CallRecord,
    options: GetTokenOptions & { abortSignal: AbortSignal },
    signal: AbortSignal,
  ): Promise<void> {
    try {
      const { resource } = record;
      const asked = resource.endsWith("/.default") ? resource : `${resource}/.default`;
      if (record.kind === "warmUp") await credential.warmUp(asked, { abortSignal: signal });
      else record.token = (await credential.getToken(asked, options)).token;
    } catch (error) {
      record.error = error;
      this.said.push(told(error));
    }
    record.end = this.#moment();
    record.wallAtEnd = this.#clock.now();
    record.jumpsAfter = this.jumps;
    record.listenersLeft = getEventListeners(signal, "abort").length;
  }

  #usable(resource: string): boolean {
    const now = this.#clock.now();
    return this.states.some(
      (state) =>
        !state.closed &&
        [...state.cache.entries()].some(
          ({ name, token }) => name === resource && token !== undefined && token.usableUntil > now,
        ),
    );
  }
}

/** Everything that an error shows to whoever looks at it. */
export function told(error: unknown): string {
  const inspected = inspect(error, { depth: 10, showHidden: true });
  const chain: string[] = [];
  for (let each = error; each instanceof Error && chain.length < 12; each = each.cause) {
    chain.push(each.message, each.stack ?? "");
  }
  return [String(error), JSON.stringify(error), inspected, ...chain].join("\n");
}
