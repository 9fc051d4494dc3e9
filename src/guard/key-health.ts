import type { GateObservation } from "../gate/gate.js";
import type { HealthFacts, TokenFacts, TokenFailure } from "../health/health.js";
import type { KeySnapshot } from "../health/health-snapshot.js";
import type { JudgedFailure } from "./judged-failure.js";
import type { KeyEntry } from "./token-cache.js";

/** What health follows from. */
export interface HealthInput {
  readonly gated: boolean;
  readonly observation: GateObservation | undefined;
  readonly warmUps: readonly KeyEntry[];
  readonly entries: Iterable<KeyEntry>;
  readonly now: number;
  readonly drained: boolean;
  readonly closed: boolean;
}

/** Wanted are the warm-up scopes, or without any the keys in use. */
export function healthFacts(input: HealthInput): HealthFacts {
  const { observation, warmUps, entries, now, drained, closed } = input;
  const wanted = warmUps.length > 0 ? warmUps : [...entries].filter((entry) => inUse(entry, now));
  return {
    gate: input.gated ? (observation?.state ?? "unknown") : "none",
    ...(observation === undefined ? {} : { gateReason: observation.reason }),
    wanted: wanted.map(tokenFacts),
    wantedAtStart: warmUps.length > 0,
    drained,
    closed,
  };
}

/** A key that nobody asked for in this time is not in use. */
const IN_USE_MS = 600_000;

/** Whether health looks at the key: it has a token that can be served, or somebody asks for one in vain. */
function inUse(entry: KeyEntry, now: number): boolean {
  if (entry.token !== undefined && entry.token.usableUntil > now) return true;
  return entry.failure !== undefined && now - entry.lastUsed < IN_USE_MS;
}

function tokenFailure({ verdict, error }: JudgedFailure): TokenFailure {
  const { reason, meaning, remedy } = verdict;
  return Object.freeze({ reason, message: error.message, meaning, remedy });
}

/** A verified token came. */
export function noteToken(entry: KeyEntry): void {
  entry.failure = undefined;
  entry.trouble = undefined;
}

/** An acquisition ended, without a token where there is a failure. */
export function noteEnd(entry: KeyEntry, failure: JudgedFailure | undefined): void {
  entry.trouble = undefined;
  if (failure !== undefined) entry.failure = tokenFailure(failure);
}

/** A caller's budget is spent. An acquisition that others have joined since may never end, and somebody asked in vain. */
export function noteSpent(entry: KeyEntry, failure: JudgedFailure | undefined): void {
  if (failure !== undefined) entry.failure = tokenFailure(failure);
}

/** An attempt failed, and the acquisition may go on. */
export function noteTrouble(entry: KeyEntry, failure: JudgedFailure): void {
  entry.trouble = tokenFailure(failure);
}

function tokenFacts({ name, token, failure: last, trouble }: KeyEntry): TokenFacts {
  const failure = trouble ?? last;
  return {
    name,
    verified: token !== undefined,
    ...(token === undefined ? {} : { usableUntil: token.usableUntil }),
    ...(failure === undefined ? {} : { failure }),
  };
}

export function keySnapshot({ name, scopes, token, failure: last, trouble }: KeyEntry): KeySnapshot {
  const failure = trouble ?? last;
  return Object.freeze({
    key: name,
    scopes,
    ...(token === undefined ? {} : { expiresOn: token.expiresOn }),
    ...(token?.identity === undefined ? {} : { identity: token.identity }),
    ...(failure === undefined
      ? {}
      : { lastError: `${failure.reason}: ${failure.message}`, lastFailure: failure }),
  });
}
