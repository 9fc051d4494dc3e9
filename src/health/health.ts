/**
 * State of a credential.
 *
 * @public
 */
export type HealthState = "starting" | "ready" | "degraded" | "failing" | "drained" | "closed";

/** Why no token was had, as it is kept until one comes. */
export interface TokenFailure {
  /** A {@link FailureReason}. */
  readonly reason: string;
  /** What was seen; may hold object IDs and addresses. */
  readonly message: string;
  /** What it means and what to do, in sentences that name nobody. */
  readonly meaning: string;
  readonly remedy: string;
}

/** What is known of one wanted token. */
export interface TokenFacts {
  /** The scope or resource, for messages. */
  readonly name: string;
  /** Whether a verified token was ever had. */
  readonly verified: boolean;
  /** Milliseconds since the Unix epoch until which the verified token is served; absent when there is none. */
  readonly usableUntil?: number;
  /** Why the last acquisition failed, where none has succeeded since. */
  readonly failure?: TokenFailure;
}

/** Everything the state follows from. */
export interface HealthFacts {
  /** `none` where no gate guards the credential, `unknown` before the first observation. */
  readonly gate: "none" | "unknown" | "open" | "closed";
  /** The code of the last observation; absent without one. */
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

/** A wanted token that cannot be served now. */
export interface MissingToken {
  /** The scope or resource. */
  readonly name: string;
  /** A {@link FailureReason}; `not-acquired` before the first token, `token-expired` where one has run out. */
  readonly reason: string;
}

/** The state with what its projections need. Moved by {@link nextHealth} alone. */
export interface Health {
  readonly state: HealthState;
  /** One sentence for people. */
  readonly reason: string;
  /** Milliseconds since the Unix epoch at which `state` began. */
  readonly since: number;
  /** Monotonic milliseconds at which `state` began. */
  readonly sinceElapsed: number;
  /** Whether the start was ever over; it never begins again. */
  readonly started: boolean;
  readonly gate: HealthFacts["gate"];
  readonly gateReason?: string;
  /** Wanted tokens that cannot be served; at the start also those that were never verified. */
  readonly missing: readonly MissingToken[];
  /** Monotonic milliseconds since when the gate has been seen closed without a break. */
  readonly gateClosedSince?: number;
  /** Time until which every wanted token can be served, in milliseconds since the Unix epoch. */
  readonly tokensUntil?: number;
}

export function initialHealth(at: Moment): Health {
  return {
    state: "starting",
    reason: "nothing has been observed yet",
    since: at.now,
    sinceElapsed: at.elapsed,
    started: false,
    gate: "unknown",
    missing: [],
  };
}

/** The one place where a credential changes its state. Pure: the same facts at the same moment give the same health. */
export function nextHealth(before: Health, facts: HealthFacts, at: Moment): Health {
  if (before.state === "closed") return before;
  const gateReady = facts.gate === "open" || facts.gate === "none";
  const started =
    before.started || (gateReady && (!facts.wantedAtStart || facts.wanted.every((token) => token.verified)));
  const missing = facts.wanted.filter(
    (token) => !usable(token, at.now) || (!started && facts.wantedAtStart && !token.verified),
  );
  const { state, reason } = judge(facts, missing, started);
  const same = state === before.state;
  const gateClosedSince = facts.gate === "closed" ? (before.gateClosedSince ?? at.elapsed) : undefined;
  const until = facts.wanted.map((token) => token.usableUntil ?? 0);
  return {
    state,
    reason,
    started,
    since: same ? before.since : at.now,
    sinceElapsed: same ? before.sinceElapsed : at.elapsed,
    gate: facts.gate,
    ...(facts.gateReason === undefined ? {} : { gateReason: facts.gateReason }),
    missing: missing.map(({ name, verified, failure }) => ({
      name,
      reason: failure?.reason ?? (verified ? "token-expired" : "not-acquired"),
    })),
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
  const gateReason =
    facts.gate === "closed"
      ? `the gate is closed: ${facts.gateReason ?? "for an unknown reason"}`
      : "the gate has not been observed yet";
  const first = missing[0];
  const tokenReason = first === undefined ? undefined : `${first.name}: ${failureText(first)}`;
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

function failureText({ failure, verified }: TokenFacts): string {
  if (failure !== undefined) return `${failure.reason}: ${failure.message}`;
  return verified ? "the verified token has run out" : "no verified token yet";
}

function usable(token: TokenFacts, now: number): boolean {
  return token.usableUntil !== undefined && token.usableUntil > now;
}
