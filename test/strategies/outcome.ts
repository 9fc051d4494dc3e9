import type { Timeline, TimelineEvent, TokenEvent } from "./timeline.js";

/** Seconds since the pod was created. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What a timeline comes to. */
export interface Outcome {
  /** When the application's container first ran; absent where it never did. */
  readonly started: number | undefined;
  /** While the pod was ready, and a Service would have sent it traffic. */
  readonly ready: readonly Span[];
  /** When the application's container ended, and was started again. */
  readonly restarts: readonly number[];
  /** The same of its sidecar. */
  readonly sidecarRestarts: readonly number[];
  /** Since when either of them is not there, if it ended and was not started again. */
  readonly gone: number | undefined;
  /** While the application had a token of another identity. */
  readonly wrong: readonly Span[];
  /** While it had the right one. */
  readonly right: readonly Span[];
}

/** Names in every manifest. */
const APPLICATION = "app";
const SIDECAR = "identity-guard";

export function outcomeOf({ events, lasts }: Timeline): Outcome {
  const containers = events
    .filter((event) => event.kind === "container")
    .filter(({ container }) => container === APPLICATION);
  const app = endsOf(events, APPLICATION);
  const sidecar = endsOf(events, SIDECAR);
  const conditions = events.filter((event) => event.kind === "condition");
  // A container that has ended has no token, until the next one says otherwise.
  const tokens = events.flatMap((event): readonly { at: number; identity: TokenEvent["identity"] }[] => {
    if (event.kind === "token") return [event];
    return isEnd(event, APPLICATION) ? [{ at: event.at, identity: "none" }] : [];
  });
  const having = (wanted: TokenEvent["identity"]): readonly Span[] =>
    spans(
      tokens.map(({ at, identity }) => ({ at, holds: identity === wanted })),
      lasts,
    );
  return {
    started: containers.find(({ state }) => state === "running")?.at,
    ready: spans(
      conditions
        .filter(({ condition }) => condition === "Ready")
        .map(({ at, status }) => ({ at, holds: status })),
      lasts,
    ),
    restarts: app.restarts,
    sidecarRestarts: sidecar.restarts,
    gone: app.gone ?? sidecar.gone,
    wrong: having("wrong"),
    right: having("right"),
  };
}

/** Each end of a container that another start came after, and the one that none did. */
function endsOf(
  events: readonly TimelineEvent[],
  container: string,
): { readonly restarts: readonly number[]; readonly gone: number | undefined } {
  const ends = events.filter((event) => isEnd(event, container)).map(({ at }) => at);
  const lastStart = events.findLast(
    (event) => event.kind === "container" && event.container === container && event.state === "running",
  );
  const last = ends.at(-1);
  const isGone = last !== undefined && last > (lastStart?.at ?? 0);
  return isGone ? { restarts: ends.slice(0, -1), gone: last } : { restarts: ends, gone: undefined };
}

function isEnd(event: TimelineEvent, container: string): boolean {
  return event.kind === "container" && event.container === container && event.state === "terminated";
}

/** From each time that something begins to hold to the next that it does not. */
function spans(changes: readonly { readonly at: number; readonly holds: boolean }[], end: number): Span[] {
  const found: Span[] = [];
  let from: number | undefined;
  for (const { at, holds } of changes) {
    if (holds) from ??= at;
    else if (from !== undefined) {
      found.push({ from, to: at });
      from = undefined;
    }
  }
  if (from !== undefined) found.push({ from, to: end });
  return found;
}

/** What is in both. */
export function both(some: readonly Span[], others: readonly Span[]): readonly Span[] {
  return some.flatMap((one) =>
    others.flatMap((other) => {
      const from = Math.max(one.from, other.from);
      const to = Math.min(one.to, other.to);
      return from < to ? [{ from, to }] : [];
    }),
  );
}

/** What is left of `some`. */
export function without(some: readonly Span[], others: readonly Span[]): readonly Span[] {
  return others.reduce(
    (left, { from, to }) =>
      both(left, [
        { from: -Infinity, to: from },
        { from: to, to: Infinity },
      ]),
    some,
  );
}

/** How many seconds in all. */
export function length(some: readonly Span[]): number {
  return some.reduce((sum, { from, to }) => sum + to - from, 0);
}
