import { planeOf } from "../gate/gate-plane.js";
import type { TokenIdentity } from "../identity/token-claims.js";
import { MIN_TOKEN_LIFE_MS } from "../identity/verify-token.js";
import { AttemptFailure, type FailureEvidence } from "../retry/attempt-failure.js";
import { ANSWERER_NAMES, cameThrough, PLANE_NAMES, type Plane } from "../retry/plane.js";
import type { AcquisitionContext } from "./acquisition-context.js";
import { cachedToken, type CachedToken } from "./cached-token.js";
import type { KeyEntry } from "./token-cache.js";
import type { AcquiredToken } from "./token-source.js";

/** Where a token goes, and who decides about it. */
export interface Admission {
  readonly context: AcquisitionContext;
  readonly entry: KeyEntry;
  readonly scopes: readonly string[];
  /** The plane that the gate was seen open for when the attempt began. */
  readonly plane: Plane | undefined;
  readonly signal: AbortSignal;
}

/**
 * Provenance, claims, expiry, and the gate once more: nobody sees a token before all four hold. Rejects with an
 * {@link AttemptFailure}, after the refusal was reported.
 */
export async function admitToken(acquired: AcquiredToken, admission: Admission): Promise<CachedToken> {
  const { context, scopes, plane, signal } = admission;
  const { gate, ports } = context;
  const { provenance, token: given } = acquired;
  const refuse = (message: string, evidence: Refused, saw?: TokenIdentity): AttemptFailure => {
    context.onRejected(admission.entry, REASONS[evidence.kind], saw);
    return new AttemptFailure(message, evidence);
  };
  const expiring = (lifeMs: number): AttemptFailure => {
    const left = `the token has ${Math.round(lifeMs / 1000)} s left to live`;
    return refuse(left + unchanged(given.token, admission), { kind: "expiring", lifeMs });
  };
  if (plane !== undefined && provenance !== undefined && !cameThrough(plane, provenance)) {
    const message = `the token was issued by ${ANSWERER_NAMES[provenance]}, past ${PLANE_NAMES[plane]}`;
    throw refuse(message, { kind: "wrong-plane", provenance });
  }
  const verification = context.verify(given, scopes);
  switch (verification.verdict) {
    case "mismatch": {
      const { mismatches, identity } = verification;
      const said = mismatches.map(
        ({ claim, saw, expected }) => `${claim} is ${saw ?? "missing"}, expected ${expected.join(" or ")}`,
      );
      const message = `the token is another identity's: ${said.join("; ")}${unchanged(given.token, admission)}`;
      throw refuse(message, { kind: "mismatch", mismatches }, identity);
    }
    case "unverifiable": {
      const { problem } = verification;
      throw refuse(`the token cannot be verified: ${problem}`, { kind: "unverifiable", problem });
    }
    case "expiring":
      throw expiring(verification.lifeMs);
    case "match":
      break;
  }
  const { identity, expiresOnTimestamp: expiresOn } = verification;
  const token = cachedToken({ token: given, identity, expiresOn }, ports.clock.now(), ports.random);
  if (gate === undefined) return token;
  const observation = await gate.observeAfresh(signal);
  if (observation.state === "closed" || planeOf(gate.gate, observation) !== plane) {
    const { reason: gateReason } = observation;
    const what = observation.state === "closed" ? "closed" : "turned to another plane";
    const message = `the gate ${what} (${gateReason}) while the token was on its way`;
    throw refuse(message, { kind: "gate-closed", gateReason }, identity);
  }
  // A check may take seconds, and those were part of the token's life.
  const lifeMs = token.expiresOn - ports.clock.now();
  if (lifeMs < MIN_TOKEN_LIFE_MS) throw expiring(lifeMs);
  return token;
}

type Refused = Extract<FailureEvidence, { kind: keyof typeof REASONS }>;

/** What the event says. */
const REASONS = {
  "wrong-plane": "bypass",
  mismatch: "identity-mismatch",
  unverifiable: "token-unverifiable",
  expiring: "token-expired",
  "gate-closed": "gate-closed",
} as const;

/** Words for a rejected token that came again: it is in a cache that the guard cannot clear. */
function unchanged(token: string, { context, entry }: Admission): string {
  if (!entry.pace.rejectedAgain(token)) return "";
  const { direct, description, cacheless } = context.source;
  const or = cacheless === undefined ? "" : `, or use ${cacheless}`;
  return direct
    ? " (the same token again: the endpoint serves it from its cache)"
    : ` (the same token again: ${description} keeps it in a cache that the guard cannot clear; restart the process${or})`;
}
