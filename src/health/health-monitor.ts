import type { Clock } from "../clock.js";
import type { GateObservation } from "../gate/gate.js";
import { logger } from "../logger.js";
import { publish } from "./guard-channels.js";
import type { GuardEvent, GuardEventName, GuardEvents } from "./guard-events.js";
import { HealthHistory } from "./health-history.js";
import { HealthCounters } from "./health-metrics.js";
import { healthChecks, probeResults, type ProbeName, type ProbePolicy } from "./health-report.js";
import type { HealthSnapshot, KeySnapshot } from "./health-snapshot.js";
import { initialHealth, nextHealth, type Health, type HealthFacts, type Moment } from "./health.js";

/**
 * Health of a guarded credential, shared by all instances with the same plane, identity and expectation.
 *
 * @public
 */
export interface HealthMonitor {
  snapshot(): HealthSnapshot;
  /**
   * What startup, readiness and liveness probes answer now: whether each passes. Costs next to nothing; what follows from time
   * alone may show 100 ms late.
   */
  probes(): Readonly<Record<ProbeName, boolean>>;
  /** Calls `listener` at each event; returns the function that ends it. A listener that throws disturbs nobody. */
  on<Name extends GuardEventName>(type: Name, listener: (event: GuardEvents[Name]) => void): () => void;
  /** Makes readiness fail while liveness passes, for a SIGTERM handler. Cannot be undone. */
  drain(): void;
}

/** More listeners than this for one event are a leak in the application, and are said once. */
const MANY_LISTENERS = 100;

/**
 * What follows from time alone, such as the expiry of a token, shows in probes after this long at most; events show at
 * once. A flood of probes must not cost more than it has to.
 */
const TOLD_MS = 100;

/** What the recorder asks of the credential that it reports on. */
export interface HealthSource {
  /** What pages and metrics call it. */
  readonly name: string;
  readonly details: boolean;
  readonly policy: ProbePolicy;
  readonly gateName: string | undefined;
  facts(drained: boolean): HealthFacts;
  gate(): GateObservation | undefined;
  keys(): readonly KeySnapshot[];
  waiters(): number;
}

type Listeners = { readonly [Name in GuardEventName]: Set<(event: GuardEvents[Name]) => void> };

export class HealthRecorder implements HealthMonitor {
  readonly counters: HealthCounters = new HealthCounters();
  readonly #source: HealthSource;
  readonly #clock: Clock;
  readonly #listeners: Listeners = {
    change: new Set(),
    gate: new Set(),
    attempt: new Set(),
    token: new Set(),
    rejected: new Set(),
    acquisition: new Set(),
  };
  readonly #history = new HealthHistory();
  #health: Health;
  #drained = false;
  /** What probes were told last, until something happens, or until `until` in monotonic milliseconds. */
  #told: { readonly probes: Readonly<Record<ProbeName, boolean>>; readonly until: number } | undefined;

  constructor(source: HealthSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
    this.#health = initialHealth(this.#moment());
  }

  get name(): string {
    return this.#source.name;
  }

  /** The state as it follows from the facts of this moment. */
  update(): Health {
    this.#told = undefined;
    const before = this.#health;
    const at = this.#moment();
    const after = nextHealth(before, this.#source.facts(this.#drained), at);
    this.#health = after;
    if (after.state !== before.state) {
      this.record("change", { from: before.state, to: after.state, at: at.now, reason: after.reason });
      logger.info(`${this.name} => health => ${before.state} -> ${after.state}: ${after.reason}`);
    }
    return after;
  }

  /** Keeps the event and tells the listeners. */
  record<Name extends GuardEventName>(type: Name, event: GuardEvents[Name]): void {
    // TypeScript cannot see that a name and its own payload make a member of the union.
    this.#history.add({ type, at: this.#clock.now(), ...event } as unknown as GuardEvent);
    publish(this.#source.name, type, event);
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

  probes(): Readonly<Record<ProbeName, boolean>> {
    const told = this.#told;
    if (told !== undefined && this.#clock.elapsed() < told.until) return told.probes;
    const health = this.update();
    const at = this.#moment();
    const probes = Object.freeze(probeResults(healthChecks(health, this.#source.policy, at)));
    this.#told = { probes, until: at.elapsed + TOLD_MS };
    return probes;
  }

  snapshot(): HealthSnapshot {
    const health = this.update();
    const { state, reason, since } = health;
    const source = this.#source;
    const gate = source.gate();
    const at = this.#moment();
    const checks = healthChecks(health, source.policy, at);
    return Object.freeze({
      name: source.name,
      details: source.details,
      state,
      reason,
      since,
      ...(source.gateName === undefined ? {} : { gateName: source.gateName }),
      ...(gate === undefined ? {} : { gate }),
      keys: Object.freeze([...source.keys()]),
      waiters: source.waiters(),
      drained: this.#drained,
      probes: Object.freeze(probeResults(checks)),
      checks: Object.freeze(checks),
      metrics: Object.freeze(this.counters.snapshot()),
      history: this.#history.list(at.now),
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

  #moment(): Moment {
    return { now: this.#clock.now(), elapsed: this.#clock.elapsed() };
  }
}
