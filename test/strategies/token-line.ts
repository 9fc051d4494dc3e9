import type { TokenEvent } from "./timeline.js";

/** Whose token the test's application says it got (app/report-identity.mjs); undefined for any other line. */
export function identityIn(line: string): TokenEvent["identity"] | undefined {
  const identity = /^\{"token":"(right|wrong|none)"\}$/u.exec(line.trim())?.[1];
  return identity as TokenEvent["identity"] | undefined;
}
