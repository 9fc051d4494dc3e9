import type { Clock } from "../clock.js";
import type { AttemptRecord } from "../errors.js";
import type { GateObservation } from "../gate/gate.js";
import type { TokenIdentity } from "../identity/token-claims.js";
import { logger } from "../logger.js";
import { isLive, isReady, isStarted, type ProbePolicy } from "./health-report.js";
import { initialHealth, nextHealth, type Health, type HealthFacts, type HealthState } from "./health.js";

/**
 * What a guarded credential reports. No event holds a token.
 *
 * @public
 */
export interface GuardEvents {
  /** The state changed. `at` is milliseconds since the Unix epoch. */
  change: {
    readonly from: HealthState;
    readonly to: HealthState;
    readonly at: number;
    readonly reason: string;
  };
  /** The gate opened, closed, or gave another reason. */
  gate: { readonly observation: GateObservation };
  /** One token request ended. `key` names the resource or scope. */
  attempt: AttemptRecord & { readonly key: string };
  /** A verified token was stored. Times are milliseconds since the Unix epoch. */
  token: {
    readonly key: string;
    /**
     * `acquired` for a caller, `refreshed` in the background, `claims` for a claims challenge; `claims-unchanged`
     * where the plane returned the challenged token again.
     */
    readonly source: "acquired" | "refreshed" | "claims" | "claims-unchanged";
    readonly identity: TokenIdentity | undefined;
    /** Set where nothing was expected and the `oid` is not that of the token before. */
    readonly previousIdentity?: TokenIdentity;
    readonly expiresOn: number;
    readonly refreshAfter: number;
  };
  /** A token was refused before anybody could see it. */
  rejected: {
    readonly key: string;
    readonly reason: string;
    readonly saw: TokenIdentity | undefined;
    readonly expected: Readonly<Record<string, readonly string[]>>;
  };
}

/** @public */
export type GuardEventName = keyof GuardEvents;

/**
 * An event with its name, as the history keeps it.
 *
 * @public
 */
export type GuardEvent = {
  readonly [Name in GuardEventName]: { readonly type: Name; readonly at: number } & GuardEvents[Name];
}[GuardEventName];

/**
 * What is known of one key.
 *
 * @public
 */
export interface KeySnapshot {
  readonly scopes: readonly string[];
  /** Milliseconds since the Unix epoch; absent while there is no token. */
  readonly expiresOn?: number;
  readonly identity?: TokenIdentity;
  /** Why the last acquisition failed, where none has succeeded since. */
  readonly lastError?: string;
}

/**
 * Everything a probe, a metric or a page may show. Holds no token.
 *
 * @public
 */
export interface HealthSnapshot {
  readonly state: HealthState;
  /** One sentence for people. */
  readonly reason: string;
  /** Milliseconds since the Unix epoch. */
  readonly since: number;
  /** The last observation; absent without a gate, and before the first one. */
  readonly gate?: GateObservation;
  readonly keys: readonly KeySnapshot[];
  /** Callers that wait for a token now. */
  readonly waiters: number;
  readonly drained: boolean;
  /** What startup, readiness and liveness probes answer: whether each passes. */
  readonly probes: { readonly started: boolean; readonly ready: boolean; readonly live: boolean };
  /** Events of the last ten minutes, oldest first, 500 at most. */
  readonly history: readonly GuardEvent[];
}

/**
 * Health of a guarded credential, shared by all instances with the same plane, identity and expectation.
 *
 * @public
 */
export interface HealthMonitor {
  snapshot(): HealthSnapshot;
  /** Calls `listener` at each event; returns the function that ends it. A listener that throws disturbs nobody. */
  on<Name extends GuardEventName>(type: Name, listener: (event: GuardEvents[Name]) => void): () => void;
  /** Makes readiness fail while liveness passes, for a SIGTERM handler. Cannot be undone. */
  drain(): void;
}

const HISTORY_MS = 600_000;
const HISTORY_LENGTH = 500;
/** More listeners than this for one event are a leak in the application, and are said once. */
const MANY_LISTENERS = 100;

/** What the recorder asks of the credential that it reports on. */
export interface HealthSource {
  facts(drained: boolean): HealthFacts;
  gate(): GateObservation | undefined;
  keys(): readonly KeySnapshot[];
  waiters(): number;
  readonly policy: ProbePolicy;
}

type Listeners = { readonly [Name in GuardEventName]: Set<(event: GuardEvents[Name]) => void> };

export class HealthRecorder implements HealthMonitor {
  readonly #source: HealthSource;
  readonly #clock: Clock;
  readonly #listeners: Listeners = {
    change: new Set(),
    gate: new Set(),
    attempt: new Set(),
    token: new Set(),
    rejected: new Set(),
  };
  #history: GuardEvent[] = [];
  #health: Health;
  #drained = false;

  constructor(source: HealthSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
    this.#health = initialHealth({ now: clock.now(), elapsed: clock.elapsed() });
  }

  /** The state as it follows from the facts of this moment. */
  update(): Health {
    const before = this.#health;
    const at = { now: this.#clock.now(), elapsed: this.#clock.elapsed() };
    const after = nextHealth(before, this.#source.facts(this.#drained), at);
    this.#health = after;
    if (after.state !== before.state) {
      this.record("change", { from: before.state, to: after.state, at: at.now, reason: after.reason });
      logger.info(`identity-guard: ${before.state} -> ${after.state}: ${after.reason}`);
    }
    return after;
  }

  /** Keeps the event and tells the listeners. */
  record<Name extends GuardEventName>(type: Name, event: GuardEvents[Name]): void {
    const now = this.#clock.now();
    // TypeScript cannot see that a name and its own payload make a member of the union.
    this.#history.push({ type, at: now, ...event } as unknown as GuardEvent);
    this.#trim(now);
    const listeners = this.#listeners[type];
    // A copy: a listener that ends itself and listens anew would be called for ever.
    for (const listener of [...listeners]) {
      if (!listeners.has(listener)) continue;
      try {
        listener(event);
      } catch (error) {
        logger.warning(
          `A listener for "${type}" threw: ${error instanceof Error ? error.name : typeof error}`,
        );
      }
    }
  }

  snapshot(): HealthSnapshot {
    const health = this.update();
    const { policy } = this.#source;
    const gate = this.#source.gate();
    this.#trim(this.#clock.now());
    return Object.freeze({
      state: health.state,
      reason: health.reason,
      since: health.since,
      ...(gate === undefined ? {} : { gate }),
      keys: Object.freeze([...this.#source.keys()]),
      waiters: this.#source.waiters(),
      drained: this.#drained,
      probes: Object.freeze({
        started: isStarted(health),
        ready: isReady(health, policy, this.#clock.now()),
        live: isLive(health, policy, this.#clock.elapsed()),
      }),
      history: Object.freeze([...this.#history]),
    });
  }

  on<Name extends GuardEventName>(type: Name, listener: (event: GuardEvents[Name]) => void): () => void {
    const listeners = this.#listeners[type];
    // A wrapper, so that the same function may listen twice and be undone once.
    const entry = (event: GuardEvents[Name]): void => listener(event);
    listeners.add(entry);
    if (listeners.size === MANY_LISTENERS) {
      logger.warning(
        `${MANY_LISTENERS} listeners for "${type}" on one credential; call what on() returned to end one`,
      );
    }
    return () => void listeners.delete(entry);
  }

  drain(): void {
    this.#drained = true;
    this.update();
  }

  /** Ends the listeners; the last state stays readable. */
  close(): void {
    this.update();
    for (const listeners of Object.values(this.#listeners)) listeners.clear();
  }

  #trim(now: number): void {
    const excess = this.#history.length - HISTORY_LENGTH;
    if (excess > 0) this.#history = this.#history.slice(excess);
    const fresh = this.#history.findIndex((event) => event.at > now - HISTORY_MS);
    if (fresh > 0) this.#history = this.#history.slice(fresh);
    else if (fresh === -1) this.#history = [];
  }
}
