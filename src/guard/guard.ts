import type { AccessToken, GetTokenOptions, TokenCredential } from "@azure/core-auth";
import { abortError, untilAborted, type AbortSignalLike } from "../abort.js";
import type { GuardOptions, ResolvedOptions } from "../config/options.js";
import { resolveOptions } from "../config/options.js";
import { readEnvironment } from "../config/environment.js";
import { gateKey } from "../gate/gate.js";
import type { HealthMonitor } from "../health/health-monitor.js";
import { expectationKey } from "../identity/expectation.js";
import { warnOnce } from "../logger.js";
import { closedError } from "./acquisition-error.js";
import { misconfigured } from "./misconfigured.js";
import { resolveGate } from "./resolve-gate.js";
import type { GuardedCredential } from "./guarded-credential.js";
import { objectId, processPorts } from "./ports.js";
import { keepHealthFile } from "./process-health.js";
import type { SharedState } from "./shared-state.js";
import { processRegistry, type GuardPorts } from "./registry.js";
import { stateFor } from "./state-registry.js";
import type { CachedToken } from "./cached-token.js";
import type { KeyEntry } from "./token-cache.js";
import { requestKey, type TokenRequest } from "./token-source.js";
import { wrappedSpec } from "./wrapped-spec.js";

/**
 * Puts gate, retry budget, verification, cache and health around any credential.
 *
 * Nothing is read from the environment but the retry, warm-up and health variables, unless `gate: "auto"` and
 * `expect: "environment"` ask for it. What happens in the credential's own cache is out of reach: a wrong token it
 * keeps there is refused at each attempt, and the error says so.
 *
 * Throws `ERR_GUARD_CONFIGURATION` with all problems of options and environment.
 *
 * @public
 */
export function guard(credential: TokenCredential, options?: GuardOptions): GuardedCredential {
  if (!isCredential(credential)) {
    throw misconfigured("credential", credential, "an object with a getToken function");
  }
  const resolved = resolveOptions(options, readEnvironment(), { gate: "none", expect: "none" });
  return createGuard(credential, resolved, { ...processPorts(), registry: processRegistry() });
}

/**
 * {@link guard} with resolved options and ports of the caller's choice.
 *
 * @internal
 */
export function createGuard(
  credential: TokenCredential,
  resolved: ResolvedOptions,
  ports: GuardPorts,
): GuardedCredential {
  const environment = readEnvironment();
  resolved.warnings.forEach(warnOnce);
  const { gate } = resolveGate(resolved, environment, ports);
  const key = JSON.stringify([
    "wrapped",
    objectId(ports.names, credential),
    gate === undefined ? null : (gateKey(gate) ?? objectId(ports.names, gate)),
    expectationKey(resolved.expectation),
  ]);
  const state = stateFor(key, () => wrappedSpec(credential, gate, resolved, environment), ports, {
    keep: false,
  });
  const guarded = new Guard(state, resolved);
  keepHealthFile(resolved.health.file, ports.registry, ports);
  return guarded;
}

/** JavaScript callers may give anything. */
function isCredential(value: unknown): boolean {
  return typeof (value as Partial<TokenCredential> | null | undefined)?.getToken === "function";
}

/** How a list of scopes is spelt in a key. What is no list of texts is refused where the key is made. */
function spelling(scopes: unknown): string {
  const list: readonly unknown[] = Array.isArray(scopes) ? scopes : [];
  if (!list.every((scope) => typeof scope === "string")) return "";
  return list.length === 1 ? String(list[0]) : JSON.stringify(list);
}

/** A token that can be served for no longer than this is served at once: a timer that is late would outlast it. */
const LAST_MOMENT_MS = 1_000;

/** The credential over a shared state. */
export class Guard implements GuardedCredential {
  readonly #state: SharedState;
  readonly #options: ResolvedOptions;
  readonly #byResource: boolean;
  readonly #ended = new AbortController();
  #closing: Promise<void> | undefined;

  constructor(state: SharedState, options: ResolvedOptions) {
    this.#state = state;
    this.#options = options;
    this.#byResource = state.source.keyedBy === "resource";
    state.open(options.warmUpScopes);
  }

  get health(): HealthMonitor {
    return this.#state.health;
  }

  /** The hot path is here: a verified, fresh token costs one lookup, and no I/O. */
  getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken> {
    if (
      this.#closing === undefined &&
      options?.claims === undefined &&
      options?.abortSignal?.aborted !== true
    ) {
      const entry = this.#state.cache.find(this.#alias(scopes, options));
      const token = entry?.token;
      if (entry !== undefined && token !== undefined) {
        const now = this.#state.ports.clock.now();
        if (now < token.refreshAfter && now < token.usableUntil) {
          entry.lastUsed = now;
          this.#state.health.counters.cacheHits++;
          return Promise.resolve(token.accessToken);
        }
      }
    }
    return this.#acquire(scopes, options ?? {});
  }

  async warmUp(scopes: string | string[], options?: { abortSignal?: AbortSignalLike }): Promise<void> {
    const entry = this.#entry(scopes, {});
    if (this.#usable(entry) !== undefined) return;
    await this.#state.acquire(
      entry,
      { scopes: entry.scopes, options: {} },
      { kind: "warm-up", owner: this, schedule: this.#options.retry, keepAlive: true, ...options },
    );
  }

  async close(): Promise<void> {
    this.#closing ??= this.#state.release(this);
    this.#ended.abort(closedError(0, []));
    await this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** How a call spells its key. */
  #alias(scopes: string | readonly string[], options: GetTokenOptions | undefined): string {
    const name = typeof scopes === "string" ? scopes : spelling(scopes);
    return this.#byResource ? name : requestKey(name, options, this.#state.source.ownTenant);
  }

  #entry(scopes: string | readonly string[], options: GetTokenOptions): KeyEntry {
    if (this.#closing !== undefined) throw closedError(0, []);
    const list = typeof scopes === "string" ? [scopes] : Array.isArray(scopes) ? scopes : [];
    const entry = this.#state.entryFor(this.#alias(scopes, options), list, options);
    entry.lastUsed = this.#state.ports.clock.now();
    return entry;
  }

  async #acquire(scopes: string | string[], given: GetTokenOptions): Promise<AccessToken> {
    const { abortSignal, ...options } = given;
    const startedAt = this.#state.ports.clock.elapsed();
    const entry = this.#entry(scopes, options);
    if (abortSignal?.aborted === true) throw abortError(abortSignal);
    const request: TokenRequest = { scopes: entry.scopes, options };
    if (options.claims === undefined) {
      const token = this.#usable(entry);
      const served =
        token === undefined
          ? await this.#plain(entry, request, abortSignal)
          : await this.#served(entry, token, request, abortSignal);
      if (served !== undefined) return served.accessToken;
    }
    const { accessToken } = await this.#state.acquire(entry, request, {
      kind: "caller",
      owner: this,
      schedule: this.#options.retry,
      abortSignal,
      startedAt,
    });
    return accessToken;
  }

  /** What serves a call with `enableCae`, as the SDK's clients make, until it has its own: warm-up's, verified alike. */
  async #plain(
    entry: KeyEntry,
    request: TokenRequest,
    abortSignal: AbortSignalLike | undefined,
  ): Promise<CachedToken | undefined> {
    if (request.options.enableCae !== true || this.#byResource) return undefined;
    const options = { ...request.options, enableCae: false };
    const plain = this.#state.cache.find(this.#alias(request.scopes, options));
    const token = plain && this.#usable(plain);
    if (plain === undefined || token === undefined) return undefined;
    this.#state.refresh(entry, request, { owner: this, schedule: this.#options.retry });
    return await this.#served(plain, token, { ...request, options }, abortSignal);
  }

  #usable(entry: KeyEntry): CachedToken | undefined {
    const { token } = entry;
    return token !== undefined && this.#state.ports.clock.now() < token.usableUntil ? token : undefined;
  }

  /** The token in hand, refreshed in the background where it is due; with under 5 min of life, after one attempt. */
  async #served(
    entry: KeyEntry,
    token: CachedToken,
    request: TokenRequest,
    abortSignal: AbortSignalLike | undefined,
  ): Promise<CachedToken | undefined> {
    const { clock } = this.#state.ports;
    const now = clock.now();
    const schedule = this.#options.retry;
    if (now >= token.refreshAfter) this.#state.refresh(entry, request, { owner: this, schedule });
    if (now < token.refreshUrgently) return token;
    const { acquisition } = entry;
    const usableMs = token.usableUntil - now;
    const isHeldUp = this.#state.gate?.latest()?.state === "closed";
    if (acquisition === undefined || isHeldUp || usableMs < LAST_MOMENT_MS) return this.#usable(entry);
    const wait = new AbortController();
    const abort = (): void => wait.abort(abortSignal === undefined ? undefined : abortError(abortSignal));
    const close = (): void => wait.abort(this.#ended.signal.reason);
    abortSignal?.addEventListener("abort", abort);
    this.#ended.signal.addEventListener("abort", close);
    try {
      // Not so long that the token in hand could no longer be served.
      const patience = Math.min(schedule.attemptTimeoutMs, schedule.budgetMs, usableMs / 2);
      // A caller depends on this timer, so it keeps the process alive.
      const timer = clock.sleep(patience, wait.signal, { keepAlive: true });
      await untilAborted(Promise.race([acquisition.firstAttempt, timer]), wait.signal);
    } finally {
      this.#ended.signal.removeEventListener("abort", close);
      abortSignal?.removeEventListener("abort", abort);
      wait.abort();
    }
    return this.#usable(entry);
  }
}
