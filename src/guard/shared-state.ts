import { setMaxListeners } from "node:events";
import type { AccessToken, GetTokenOptions } from "@azure/core-auth";
import { watchGate, type GateWatch } from "../gate/gate-watcher.js";
import type { HealthFacts } from "../health/health.js";
import { HealthRecorder } from "../health/health-monitor.js";
import { verifyToken } from "../identity/verify-token.js";
import { logger } from "../logger.js";
import { classifyFailure } from "../retry/classify-failure.js";
import { closedError } from "./acquisition-error.js";
import { healthFacts, keySnapshot, noteEnd, noteToken } from "./key-health.js";
import type { AcquisitionContext } from "./acquisition-context.js";
import type { Ports } from "./ports.js";
import type { Acquisition } from "./acquisition.js";
import type { CachedToken } from "./cached-token.js";
import { Reporter } from "./reporter.js";
import { SharedAcquisition } from "./shared-acquisition.js";
import { inSpan } from "./tracing.js";
import { TokenCache, type KeyEntry } from "./token-cache.js";
import type { StateSpec } from "./state-spec.js";
import { keyOf, type TokenRequest, type TokenSource } from "./token-source.js";
import { Waiter, type Call } from "./waiter.js";
import { waiterError } from "./waiter-error.js";
import { keepWarm } from "./warm-up.js";

/** A refresh is not repeated within this time, whatever it brought: IMDS returns the same token until it rolls it. */
const REFRESH_PAUSE_MS = 60_000;

/**
 * Everything that instances with the same plane, identity, expectation and authority share: verified tokens, the
 * acquisitions in flight, the gate's watch and the health.
 */
export class SharedState implements AcquisitionContext {
  readonly source: TokenSource;
  readonly gate: GateWatch | undefined;
  readonly ports: Ports;
  readonly cache: TokenCache = new TokenCache();
  readonly health: HealthRecorder;
  readonly #spec: StateSpec;
  readonly #reporter: Reporter;
  readonly #warmUps = new Map<string, KeyEntry>();
  /** Waiters that wait for an acquisition with other claims to end. */
  readonly #queued = new Set<Waiter>();
  readonly #closing = new AbortController();
  readonly #onClosed: () => void;
  #openOwners = 0;

  constructor(spec: StateSpec, ports: Ports, onClosed: () => void) {
    this.#spec = spec;
    // Each warm-up scope listens.
    setMaxListeners(0, this.#closing.signal);
    this.source = spec.source;
    this.ports = ports;
    this.#onClosed = onClosed;
    this.health = new HealthRecorder(
      {
        name: spec.name,
        details: spec.options.health.details,
        gateName: spec.gate?.name,
        facts: (drained) => this.#facts(drained),
        gate: () => this.gate?.latest(),
        keys: () => [...this.cache.entries()].map(keySnapshot),
        waiters: () => this.#waiterCount(),
        policy: spec.options.health,
      },
      ports.clock,
    );
    this.#reporter = new Reporter(this.health, spec.options.expectation);
    if (spec.gate === undefined) return;
    const { clock, random, gates } = ports;
    const watch = watchGate(
      spec.gate,
      { pollIntervalMs: spec.options.pollIntervalMs },
      { clock, random, registry: gates },
    );
    this.gate = watch;
    SharedState.#listen(watch, new WeakRef(this), this.#closing.signal);
  }

  /**
   * Weakly, since a watcher outlives the credentials that nobody closed; closing the watch ends its listeners. Static,
   * since a function made in the constructor would hold the state beside its weak reference.
   */
  static #listen(watch: GateWatch, self: WeakRef<SharedState>, closing: AbortSignal): void {
    watch.onObservation(() => {
      const state = self.deref();
      if (state === undefined) watch.close();
      else state.#observed(watch);
    });
    closing.addEventListener("abort", () => watch.close());
  }

  get closed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** An instance takes part; `release` ends that. Warm-up scopes given here are fetched once for all instances. */
  open(warmUpScopes: readonly string[]): void {
    this.#openOwners++;
    for (const scope of warmUpScopes) this.#keepWarm(scope);
    // Not before the scopes are known: without a gate they alone decide whether the start is over.
    this.health.update();
  }

  /** The instance's waiters end; with the last instance everything does. */
  async release(owner: object): Promise<void> {
    const acquisitions = this.#acquisitions();
    for (const acquisition of acquisitions) {
      for (const waiter of [...acquisition.waiters]) {
        if (waiter.owner === owner) waiter.reject(acquisition.errorFor(waiter, "close"));
      }
    }
    for (const waiter of this.#queued) if (waiter.owner === owner) waiter.reject(closedError(0, []));
    if (--this.#openOwners > 0) return;
    for (const acquisition of acquisitions) acquisition.close();
    this.#closing.abort();
    this.#onClosed();
    await Promise.all(acquisitions.map(async (acquisition) => await acquisition.finished));
    this.health.close();
    this.cache.clear();
  }

  /** The entry for a call, found by its spelling. Throws where the scopes cannot be asked for. */
  entryFor(alias: string, scopes: readonly string[], options: GetTokenOptions | undefined): KeyEntry {
    const { name, id } = keyOf(scopes, options, this.source);
    return this.cache.entry(alias, id, name, scopes, this.ports.clock.now());
  }

  /** Waits for a verified token of this key: joins the acquisition in flight, or starts it. */
  async acquire(entry: KeyEntry, request: TokenRequest, call: Call): Promise<CachedToken> {
    return await inSpan(call.kind, request, async (traced) => {
      const { clock } = this.ports;
      entry.lastUsed = clock.now();
      const waiter = new Waiter(call, (expired) => this.#explain(entry, expired), clock);
      if (waiter.settled) return await waiter.promise;
      const failure = entry.pace.refusalAt(clock.elapsed());
      if (failure !== undefined) {
        waiter.reject(waiterError(waiter, this, { name: entry.name, failure, by: "verdict" }));
      } else this.#attach(entry, traced, waiter);
      return await waiter.promise;
    });
  }

  /** Refreshes in the background; says nothing to anybody but health and logs. */
  refresh(entry: KeyEntry, request: TokenRequest, call: Omit<Call, "kind" | "abortSignal">): void {
    const elapsed = this.ports.clock.elapsed();
    if (entry.acquisition !== undefined || elapsed - entry.lastRefresh < REFRESH_PAUSE_MS) return;
    entry.lastRefresh = elapsed;
    const { claims: _claims, ...options } = request.options;
    this.acquire(entry, { ...request, options }, { ...call, kind: "refresh" }).catch((error: unknown) => {
      const said = error instanceof Error ? error.message : String(error);
      logger.warning(`${this.health.name} => refresh => failed, the token in hand is served: ${said}`);
    });
  }

  classify: AcquisitionContext["classify"] = (evidence, plane) =>
    classifyFailure(evidence, { ...this.#spec.classification, plane });

  verify: AcquisitionContext["verify"] = (token: AccessToken, scopes) =>
    verifyToken(token, { scopes, expectation: this.#spec.options.expectation, now: this.ports.clock.now() });

  onAttempt: AcquisitionContext["onAttempt"] = (entry, record) => this.#reporter.attempt(entry.name, record);

  onRejected: AcquisitionContext["onRejected"] = (entry, reason, saw) =>
    this.#reporter.rejected(entry.name, reason, saw);

  onToken: AcquisitionContext["onToken"] = (entry, token, acquisition) => {
    const before = entry.token;
    const claims = acquisition.request.options.claims !== undefined;
    const unchanged = claims && before?.accessToken.token === token.accessToken.token;
    // A refresh may bring an older token than the one in hand; an answer to a challenge always replaces it.
    if (before === undefined || claims || token.expiresOn >= before.expiresOn) entry.token = token;
    noteToken(entry);
    const asked = acquisition.wanted ? "acquired" : "refreshed";
    const origin = unchanged ? "claims-unchanged" : claims ? "claims" : asked;
    this.#reporter.token(entry.name, token, origin, before);
  };

  onEnd: AcquisitionContext["onEnd"] = (entry, acquisition, { failure, ...end }) => {
    if (entry.acquisition === acquisition) entry.acquisition = undefined;
    noteEnd(entry, failure);
    this.#reporter.acquisition(entry.name, end);
    this.health.update();
  };

  #attach(given: KeyEntry, request: TokenRequest, waiter: Waiter): void {
    this.#queued.delete(waiter);
    if (waiter.settled) return;
    if (this.closed) {
      waiter.reject(closedError(0, []));
      return;
    }
    const entry = this.cache.current(given);
    const current = entry.acquisition;
    const { claims } = request.options;
    if (current !== undefined && claims !== undefined && current.request.options.claims !== claims) {
      // One acquisition of a key at a time, and this one was asked before the challenge came.
      this.#queued.add(waiter);
      void current.finished.then(() => this.#attach(entry, request, waiter));
      return;
    }
    if (current !== undefined) current.join(waiter);
    else entry.acquisition = new SharedAcquisition(entry, request, this, waiter);
  }

  #explain(entry: KeyEntry, waiter: Waiter): Error {
    const acquisition = waiter.host ?? entry.acquisition;
    if (acquisition !== undefined) return acquisition.errorFor(waiter, "budget");
    return waiterError(waiter, this, { name: entry.name, failure: undefined, by: "budget" });
  }

  #keepWarm(scope: string): void {
    if (this.#warmUps.has(scope) || this.closed) return;
    const entry = this.entryFor(scope, [scope], undefined);
    this.#warmUps.set(scope, entry);
    this.cache.pin(entry);
    this.health.update();
    keepWarm(new WeakRef(this), entry, this.#spec.options.retry, this.#closing.signal);
  }

  #observed(watch: GateWatch): void {
    this.#reporter.gate(watch);
    this.health.update();
  }

  #facts(drained: boolean): HealthFacts {
    return healthFacts({
      gated: this.#spec.gate !== undefined,
      observation: this.gate?.latest(),
      warmUps: [...this.#warmUps.values()],
      entries: this.cache.entries(),
      now: this.ports.clock.now(),
      drained,
      closed: this.closed,
    });
  }

  #acquisitions(): Acquisition[] {
    return [...this.cache.entries()].flatMap((entry) =>
      entry.acquisition === undefined ? [] : [entry.acquisition],
    );
  }

  #waiterCount(): number {
    const joined = this.#acquisitions().flatMap(({ waiters }) => [...waiters]);
    return [...joined, ...this.#queued].filter(({ kind, settled }) => kind === "caller" && !settled).length;
  }
}
