import type { Observations } from "../observations.js";
import type { Condition } from "../rule.js";

/** What rules ask of the answer to a token request. */

export const failed =
  (...reasons: readonly string[]): Condition =>
  ({ token }) =>
    token.outcome === "failed" && reasons.includes(token.reason);

/** What was seen; nothing where no request failed. */
export const message = ({ token }: Observations): string => (token.outcome === "failed" ? token.message : "");
