import type { AccessToken } from "@azure/core-auth";
import type { TokenIdentity } from "../identity/token-claims.js";
import { MIN_TOKEN_LIFE_MS } from "../identity/verify-token.js";

/** A token that was verified. Times are milliseconds since the Unix epoch. */
export interface CachedToken {
  readonly accessToken: AccessToken;
  readonly identity: TokenIdentity | undefined;
  /** The smaller of `expires_on` and `exp`. */
  readonly expiresOn: number;
  /** Not handed out from here on: under 30 s of life, a request that carries it may arrive too late. */
  readonly usableUntil: number;
  /** Refreshed in the background from here on. */
  readonly refreshAfter: number;
  /** From here on a call waits for one attempt to refresh. */
  readonly refreshUrgently: number;
}

/** Tokens with less life left than this have no early refresh (MSAL draws the same line at 2 h). */
const LONG_LIFE_MS = 7_200_000;
/** Both the Azure SDK and MSAL treat a token as used up 5 min before its expiry. */
const EXPIRY_WINDOW_MS = 300_000;

/** Completes a verified token with its times. `random` spreads the refreshes of many pods over a tenth. */
export function cachedToken(
  verified: {
    readonly token: AccessToken;
    readonly identity: TokenIdentity | undefined;
    readonly expiresOn: number;
  },
  now: number,
  random: () => number,
): CachedToken {
  const { token, identity, expiresOn } = verified;
  const left = expiresOn - now;
  const given = token.refreshAfterTimestamp;
  const refreshAfter =
    given !== undefined && Number.isFinite(given) && given < expiresOn
      ? Math.min(given, expiresOn - EXPIRY_WINDOW_MS)
      : left > LONG_LIFE_MS
        ? now + Math.floor((left / 2) * (1 - 0.1 * random()))
        : expiresOn - EXPIRY_WINDOW_MS;
  return {
    accessToken: Object.freeze({
      ...token,
      expiresOnTimestamp: expiresOn,
      refreshAfterTimestamp: refreshAfter,
      tokenType: token.tokenType ?? "Bearer",
    }),
    identity,
    expiresOn,
    usableUntil: expiresOn - MIN_TOKEN_LIFE_MS,
    refreshAfter,
    refreshUrgently: expiresOn - EXPIRY_WINDOW_MS,
  };
}
