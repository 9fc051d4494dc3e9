/** What a request to the node asks for. */
export type RequestKind = "token" | "route" | "health";

export const REQUEST_KINDS: readonly RequestKind[] = ["token", "route", "health"];

/** How many there were of each. */
export type RequestCounts = Readonly<Record<RequestKind, number>>;

/** What the log of the simulator tells, also over its control server. */
interface Logged {
  readonly answeredBy: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Whoever asks for a token sends `Metadata: true`; a look at the route leaves it out, so that nobody gives it one. */
export function requestKindOf({ answeredBy, headers }: Logged): RequestKind {
  if (answeredBy === "health") return "health";
  return headers["metadata"] === undefined ? "route" : "token";
}
