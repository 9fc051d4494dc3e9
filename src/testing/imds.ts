import { DEFAULT_LIMITS, mergeLimits, RateLimit } from "./rate-limit.js";
import type { ImdsLimits, ImdsLimitsInit } from "./rate-limit.js";
import { createIdentity, isIdentity, sameId } from "./simulated-identity.js";
import type { IdentityInit, IdentityRef, SimulatedIdentity } from "./simulated-identity.js";
import type { SimulatedTime } from "./simulated-time.js";
import { TokenCache } from "./token-cache.js";
import type { TokenOptions } from "./token-cache.js";

/** @public */
export interface ImdsOptions {
  readonly limits?: ImdsLimitsInit | undefined;
  /** Simulated milliseconds that a token request takes. Default 0. */
  readonly latencyMs?: number | undefined;
  readonly tokens?: TokenOptions | undefined;
}

/**
 * Token requests that IMDS received since the start, whoever sent them.
 *
 * @public
 */
export interface ImdsCounters {
  /** All of the following. */
  readonly requests: number;
  /** Sent by NMI on behalf of pods. */
  readonly fromNmi: number;
  /** Answered 200. */
  readonly tokens: number;
  /** Answered 429. */
  readonly throttled: number;
}

/** Which identity a request names. */
export interface RequestedIdentity {
  readonly clientId?: string | undefined;
  readonly objectId?: string | undefined;
  readonly resourceId?: string | undefined;
}

export type IdentityChoice =
  { readonly identity: SimulatedIdentity } | { readonly problem: "not-found" | "ambiguous" | "several-ids" };

/**
 * The identities of the node, and the state of its IMDS.
 *
 * @public
 */
export class Imds {
  /** @internal */
  readonly tokenCache: TokenCache;
  /** @internal */
  readonly rateLimit: RateLimit;
  /** @internal */
  readonly counts: { -readonly [K in keyof ImdsCounters]: number } = {
    requests: 0,
    fromNmi: 0,
    tokens: 0,
    throttled: 0,
  };
  readonly #time: SimulatedTime;
  readonly #lifetime: AbortSignal;
  #identities: { readonly identity: SimulatedIdentity; visible: boolean; readonly ended: AbortController }[] =
    [];
  #systemAssigned: SimulatedIdentity | undefined;
  #latencyMs: number;
  #updating: { readonly status: 404 | 410; readonly endsAt: number } | undefined;

  /** @internal */
  constructor(time: SimulatedTime, lifetime: AbortSignal, options: ImdsOptions) {
    this.#time = time;
    this.#lifetime = lifetime;
    this.#latencyMs = options.latencyMs ?? 0;
    this.tokenCache = new TokenCache(() => time.now(), options.tokens ?? {});
    this.rateLimit = new RateLimit(time, mergeLimits(DEFAULT_LIMITS, options.limits ?? {}));
    lifetime.addEventListener("abort", () => this.#identities.forEach(({ ended }) => ended.abort()), {
      once: true,
    });
  }

  /** User-assigned identities attached to the node, those included that IMDS does not know yet. */
  get identities(): readonly SimulatedIdentity[] {
    return this.#identities.map(({ identity }) => identity);
  }

  get systemAssigned(): SimulatedIdentity | undefined {
    return this.#systemAssigned;
  }

  get counters(): ImdsCounters {
    return { ...this.counts };
  }

  get limits(): ImdsLimits {
    return this.rateLimit.limits;
  }

  /** Simulated milliseconds that a token request takes. */
  get latencyMs(): number {
    return this.#latencyMs;
  }

  /** Status that all requests are answered with while IMDS is updated. */
  get updating(): 404 | 410 | undefined {
    if (this.#updating !== undefined && this.#updating.endsAt <= this.#time.elapsed())
      this.#updating = undefined;
    return this.#updating?.status;
  }

  /**
   * Attaches a user-assigned identity to the node; IMDS knows it `afterMs` simulated milliseconds later (default 0) and
   * answers "Identity not found" until then. One with the same client ID is replaced, its cached tokens staying.
   */
  attach(identity: IdentityInit, options: { readonly afterMs?: number | undefined } = {}): SimulatedIdentity {
    const attached = createIdentity(identity);
    this.detach(attached);
    const afterMs = options.afterMs ?? 0;
    const entry = { identity: attached, visible: afterMs <= 0, ended: new AbortController() };
    this.#identities.push(entry);
    if (!entry.visible && !this.#lifetime.aborted) {
      this.#time.wait(afterMs, entry.ended.signal).then(
        () => (entry.visible = true),
        () => undefined,
      );
    }
    return attached;
  }

  detach(identity: IdentityRef): void {
    for (const { ended } of this.#identities.filter((entry) => isIdentity(entry.identity, identity)))
      ended.abort();
    this.#identities = this.#identities.filter((entry) => !isIdentity(entry.identity, identity));
  }

  isAttached(identity: IdentityRef): boolean {
    return this.#identities.some((entry) => isIdentity(entry.identity, identity));
  }

  /** Turns the node's system-assigned identity on, or off with `undefined`. */
  setSystemAssigned(identity: IdentityInit | undefined): SimulatedIdentity | undefined {
    this.#systemAssigned = identity === undefined ? undefined : createIdentity(identity);
    return this.#systemAssigned;
  }

  /**
   * Tokens of an identity carry another `oid`, as when IMDS missed a detach and attach; `undefined` ends it. Forgets the
   * cached tokens either way.
   */
  setStalePrincipal(identity: IdentityRef, objectId: string | undefined): void {
    this.tokenCache.setStalePrincipal(typeof identity === "string" ? identity : identity.clientId, objectId);
  }

  /** Answers all requests with 404 or 410, as during an update of the host; `forMs` in simulated milliseconds. */
  setUpdating(status: 404 | 410 | undefined, options: { readonly forMs?: number | undefined } = {}): void {
    const endsAt = this.#time.elapsed() + (options.forMs ?? Infinity);
    this.#updating = status === undefined ? undefined : { status, endsAt };
  }

  setLatency(ms: number): void {
    this.#latencyMs = ms;
  }

  setLimits(limits: ImdsLimitsInit): void {
    this.rateLimit.limits = mergeLimits(this.rateLimit.limits, limits);
  }

  /** Changes how tokens are made from now on; those cached stay. */
  setTokens(options: TokenOptions): void {
    this.tokenCache.options = { ...this.tokenCache.options, ...options };
  }

  /** Tokens are made anew. Azure offers nothing of the kind. */
  clearTokenCache(): void {
    this.tokenCache.clear();
  }

  /**
   * @internal The rule for requests that name no identity is that of "Managed identities for Azure resources frequently
   * asked questions" in Microsoft's documentation.
   */
  choose(requested: RequestedIdentity): IdentityChoice {
    const given = Object.values(requested).filter((id) => id !== undefined && id !== "");
    if (given.length > 1) return { problem: "several-ids" };
    const visible = this.#identities.filter((entry) => entry.visible).map(({ identity }) => identity);
    const system = this.#systemAssigned === undefined ? [] : [this.#systemAssigned];
    if (given.length === 0) return onlyOne(system.length > 0 ? system : visible);
    const { clientId = "", objectId = "", resourceId = "" } = requested;
    const named = [...visible, ...system].filter(
      (identity) =>
        sameId(identity.clientId, clientId) ||
        sameId(identity.objectId, objectId) ||
        sameId(identity.resourceId, resourceId),
    );
    return onlyOne(named);
  }
}

function onlyOne(identities: readonly SimulatedIdentity[]): IdentityChoice {
  const [identity, another] = identities;
  if (identity === undefined) return { problem: "not-found" };
  return another === undefined ? { identity } : { problem: "ambiguous" };
}
