import type { HealthSnapshot } from "../../health/health-snapshot.js";
import type { TokenFailure } from "../../health/health.js";

/** Why a token could not be had. */
export interface Trouble {
  readonly key: string;
  readonly failure: TokenFailure;
}

/** The trouble that there is with tokens, if any; first that of the token that probes miss. */
export function troubleOf({ checks, keys }: HealthSnapshot): Trouble | undefined {
  const missed = checks.find(({ name }) => name === "token")?.reason;
  const troubles = keys.flatMap(({ key, lastFailure: failure }): Trouble[] =>
    failure === undefined ? [] : [{ key, failure }],
  );
  return troubles.find(({ failure }) => failure.reason === missed) ?? troubles[0];
}
