/**
 * State of a credential.
 *
 * @public
 */
export type HealthState = "starting" | "ready" | "degraded" | "failing" | "drained" | "closed";

/** What is known of one wanted token. */
export interface TokenFacts {
  /** The scope or resource, for messages. */
  readonly name: string;
  /** Whether a verified token was ever had. */
  readonly verified: boolean;
  /** Milliseconds since the Unix epoch until which the verified token is served; absent when there is none. */
  readonly usableUntil?: number;
  /** Why the last acquisition failed, where none has succeeded since. */
  readonly failure?: string;
}

/** Everything the state follows from. */
export interface HealthFacts {
  /** `none` where no gate guards the credential, `unknown` before the first observation. */
  readonly gate: "none" | "unknown" | "open" | "closed";
  /** Words for a closed gate. */
  readonly gateReason?: string;
  /** The warm-up scopes, or without any the keys in use. */
  readonly wanted: readonly TokenFacts[];
  /** Whether `wanted` are warm-up scopes: then each must have been verified once before the start is over. */
  readonly wantedAtStart: boolean;
  readonly drained: boolean;
  readonly closed: boolean;
}

/** Two readings of one moment: what people read, and what durations are measured with. */
export interface Moment {
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
  /** Monotonic milliseconds. */
  readonly elapsed: number;
}

/** The state with what its projections need. Moved by {@link nextHealth} alone. */
export interface Health {
  readonly state: HealthState;
  /** One sentence for people. */
  readonly reason: string;
  /** Milliseconds since the Unix epoch at which `state` began. */
  readonly since: number;
  /** Whether the start was ever over; it never begins again. */
  readonly started: boolean;
  /** Monotonic milliseconds since when the gate has been seen closed without a break. */
  readonly gateClosedSince?: number;
  /** Time until which every wanted token can be served, in milliseconds since the Unix epoch. */
  readonly tokensUntil?: number;
}

export function initialHealth(at: Moment): Health {
  return { state: "starting", reason: "nothing has been observed yet", since: at.now, started: false };
}

/** The one place where a credential changes its state. Pure: the same facts at the same moment give the same health. */
export function nextHealth(before: Health, facts: HealthFacts, at: Moment): Health {
  if (before.state === "closed") return before;
  const missing = facts.wanted.filter((token) => !usable(token, at.now));
  const gateReady = facts.gate === "open" || facts.gate === "none";
  const started =
    before.started || (gateReady && (!facts.wantedAtStart || facts.wanted.every((token) => token.verified)));
  const { state, reason } = judge(facts, missing, started);
  const gateClosedSince = facts.gate === "closed" ? (before.gateClosedSince ?? at.elapsed) : undefined;
  const until = facts.wanted.map((token) => token.usableUntil ?? 0);
  return {
    state,
    reason,
    started,
    since: state === before.state ? before.since : at.now,
    ...(gateClosedSince === undefined ? {} : { gateClosedSince }),
    ...(until.length === 0 ? {} : { tokensUntil: Math.min(...until) }),
  };
}

function judge(
  facts: HealthFacts,
  missing: readonly TokenFacts[],
  started: boolean,
): { readonly state: HealthState; readonly reason: string } {
  if (facts.closed) return { state: "closed", reason: "the credential was closed" };
  if (facts.drained) return { state: "drained", reason: "the application is shutting down" };
  const gateClosed = facts.gate === "closed" || facts.gate === "unknown";
  const gateReason = facts.gateReason ?? "the gate has not been observed yet";
  const first = missing[0];
  const tokenReason =
    first === undefined ? undefined : `${first.name}: ${first.failure ?? "no verified token yet"}`;
  if (!started) {
    return {
      state: "starting",
      reason: gateClosed ? gateReason : (tokenReason ?? "waiting for the first token"),
    };
  }
  if (gateClosed) {
    return facts.wanted.length > 0 && missing.length === 0
      ? { state: "degraded", reason: `${gateReason}; verified tokens are still served` }
      : { state: "failing", reason: gateReason };
  }
  return tokenReason === undefined
    ? { state: "ready", reason: "the identity plane is up and wanted tokens are valid" }
    : { state: "failing", reason: tokenReason };
}

function usable(token: TokenFacts, now: number): boolean {
  return token.usableUntil !== undefined && token.usableUntil > now;
}
