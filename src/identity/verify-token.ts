import type { ClaimMismatch } from "../errors.js";
import { normalAudience, normalIdentifier, normalScope, type Expectation } from "./expectation.js";
import { readClaims, type TokenIdentity } from "./token-claims.js";

/** A token with less life than this is of no use to a caller who still has to send it. */
export const MIN_TOKEN_LIFE_MS = 30_000;

/** What a token was found to be. */
export type Verification =
  | {
      readonly verdict: "match";
      /** `undefined` where the token is no readable JWT. */
      readonly identity: TokenIdentity | undefined;
      /** The smaller of `expires_on` and `exp`: finite milliseconds since the Unix epoch. */
      readonly expiresOnTimestamp: number;
    }
  | {
      readonly verdict: "mismatch";
      readonly identity: TokenIdentity;
      readonly mismatches: readonly ClaimMismatch[];
    }
  | { readonly verdict: "unverifiable"; readonly problem: string }
  /** Right, but with less than {@link MIN_TOKEN_LIFE_MS} to live; negative when expired. */
  | { readonly verdict: "expiring"; readonly lifeMs: number };

interface Check {
  readonly claim: string;
  readonly saw: readonly string[];
  readonly expected: readonly string[];
  readonly normal: (value: string) => string;
}

/**
 * Compares a token with the expectation and the time. A mismatch is found before expiry: whose token it is matters
 * more than how old it is. Without an expectation an opaque token matches. A number that is not finite never passes.
 */
export function verifyToken(
  token: { token: string; expiresOnTimestamp: number },
  context: { scopes: readonly string[]; expectation: Expectation | undefined; now: number },
): Verification {
  const { expectation } = context;
  // A wrapped credential may be JavaScript, and return anything.
  if (typeof token.token !== "string" || token.token === "") return unverifiable("The token is empty.");
  const claims = readClaims(token.token);

  if (expectation !== undefined) {
    const refusal = compare(claims?.identity, checksOf(claims?.identity ?? {}, expectation, context.scopes));
    const accepted = refusal?.verdict === "unverifiable" && expectation.unreadable === "accept";
    if (refusal !== undefined && !accepted) return refusal;
  }

  const expiries = [token.expiresOnTimestamp, claims?.expiresAt].filter(
    (expiry): expiry is number => typeof expiry === "number" && Number.isFinite(expiry),
  );
  const expiresOnTimestamp = Math.min(...expiries); // of none: infinity
  const lifeMs = expiresOnTimestamp - context.now;
  if (!Number.isFinite(lifeMs)) return unverifiable("It cannot be told when the token expires.");
  if (lifeMs < MIN_TOKEN_LIFE_MS) return { verdict: "expiring", lifeMs };
  return { verdict: "match", identity: claims?.identity, expiresOnTimestamp };
}

function compare(identity: TokenIdentity | undefined, checks: readonly Check[]): Verification | undefined {
  if (checks.length === 0) return undefined; // only audiences of other scopes are expected
  if (identity === undefined) {
    return unverifiable("The token is not a readable JWT, so it cannot be told whose it is.");
  }
  const mismatches = checks
    .filter(
      ({ saw, expected, normal }) => saw.length > 0 && !saw.some((value) => expected.includes(normal(value))),
    )
    .map(({ claim, saw, expected }): ClaimMismatch => ({ claim, saw: saw.join(", "), expected }));
  if (mismatches.length > 0) return { verdict: "mismatch", identity, mismatches };
  const missing = checks.filter(({ saw }) => saw.length === 0).map(({ claim }) => claim);
  if (missing.length === 0) return undefined;
  return unverifiable(`The token lacks what is expected of it: ${missing.join(", ")}.`);
}

/** One row for each expected claim. */
function checksOf(
  identity: TokenIdentity,
  expectation: Expectation,
  scopes: readonly string[],
): readonly Check[] {
  const { objectId, clientId, tenantId, resourceId, audience } = identity;
  const clientClaim = identity.version === "2.0" ? "azp" : "appid";
  const rows: readonly (readonly [claim: string, saw: string | undefined, expected: readonly string[]])[] = [
    ["oid", objectId, expectation.objectIds],
    [clientClaim, clientId, expectation.clientIds],
    ["tid", tenantId, expectation.tenantIds],
    ["xms_mirid", resourceId, expectation.resourceIds],
  ];
  const identifiers = rows
    .filter(([, , expected]) => expected.length > 0)
    .map(([claim, saw, expected]) => ({
      claim,
      saw: saw === undefined ? [] : [saw],
      expected,
      normal: normalIdentifier,
    }));
  const audiences = scopes
    .map(normalScope)
    .filter((scope) => Object.hasOwn(expectation.audience, scope))
    .map((scope) => ({
      claim: "aud",
      saw: audience ?? [],
      expected: expectation.audience[scope] ?? [],
      normal: normalAudience,
    }));
  return [...identifiers, ...audiences];
}

function unverifiable(problem: string): Verification {
  return { verdict: "unverifiable", problem };
}
