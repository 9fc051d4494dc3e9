import type { ContainerEvent, StateEvent, Timeline, TimelineEvent } from "./timeline.js";

/** How it is drawn: as it should be, on its way, broken, or nothing going on. */
export type Look = "good" | "wait" | "bad" | "idle";

export interface Span {
  readonly from: number;
  readonly to: number;
  readonly look: Look;
  readonly words: string;
}

export interface Lane {
  readonly name: string;
  readonly spans: readonly Span[];
  /** Points in time; those with words are worth counting, the others are worth seeing. */
  readonly marks: readonly { readonly at: number; readonly words?: string }[];
  /** What to write where there is nothing to draw. */
  readonly empty: string;
}

interface Change {
  readonly at: number;
  readonly look: Look;
  readonly words: string;
}

/** Shorter words for states that pass quickly, where there is little room. */
const SHORT: ReadonlyMap<string, string> = new Map([
  ["terminating", "exiting"],
  ["bypassed", "bypass"],
]);

const LOOKS: ReadonlyMap<string, Look> = new Map(
  Object.entries<Look>({
    active: "good",
    "not-active": "wait",
    starting: "wait",
    terminating: "wait",
    down: "bad",
    crashed: "bad",
    open: "good",
    closed: "idle",
    bypassed: "bad",
    right: "good",
    wrong: "bad",
    none: "idle",
    running: "good",
    waiting: "wait",
    terminated: "bad",
    Completed: "idle",
    CrashLoopBackOff: "bad",
  }),
);

/** The lanes of one pod, from the cause to the effect. A lane for each of its containers, as they first appear. */
export function lanesOf(timeline: Timeline): readonly Lane[] {
  const { lasts } = timeline;
  const events = inOrder(timeline.events.filter(({ at }) => at <= lasts));
  const ready = events.flatMap((event) =>
    event.kind === "condition" && event.condition === "Ready" ? [readiness(event.at, event.status)] : [],
  );
  return [
    ...nodeLane("NMI", "nmi", events, lasts),
    ...nodeLane("Gate", "gate", events, lasts),
    ...containerLanes(events, lasts),
    spansOnly("Readiness", spansOf([readiness(0, false), ...ready], lasts)),
    { name: "Liveness", spans: [], marks: livenessFailures(events), empty: "no failures" },
    { name: "Restarts", spans: [], marks: restarts(events), empty: "none" },
    { ...spansOnly("Tokens", tokenSpans(events, lasts)), empty: "none" },
  ];
}

/** The same in words, for those who read rather than look. */
export function summaryOf(timeline: Timeline): string {
  const lanes = lanesOf(timeline);
  const seconds = (lane: string, look: Look): number =>
    lanes
      .flatMap(({ name, spans }) => (name === lane ? spans : []))
      .reduce((sum, span) => sum + (span.look === look ? span.to - span.from : 0), 0);
  const events = timeline.events.filter(({ at }) => at <= timeline.lasts);
  const failures = livenessFailures(events).length;
  const again = restarts(inOrder(events)).length;
  return [
    `ready ${Math.round(seconds("Readiness", "good"))} of ${Math.round(timeline.lasts)} s`,
    `${failures} liveness ${failures === 1 ? "failure" : "failures"}`,
    `${again} ${again === 1 ? "restart" : "restarts"}`,
    // However short it was, a wrong one counts.
    `tokens: ${Math.round(seconds("Tokens", "good"))} s right, ${Math.ceil(seconds("Tokens", "bad"))} s wrong`,
  ].join(" · ");
}

export function inOrder<T extends { readonly at: number }>(events: readonly T[]): readonly T[] {
  return [...events].sort((a, b) => a.at - b.at);
}

export function ofKind<K extends TimelineEvent["kind"]>(
  events: readonly TimelineEvent[],
  kind: K,
): readonly Extract<TimelineEvent, { readonly kind: K }>[] {
  return events.filter((event): event is Extract<TimelineEvent, { readonly kind: K }> => event.kind === kind);
}

function spansOnly(name: string, spans: readonly Span[]): Lane {
  return { name, spans, marks: [], empty: "unknown" };
}

/** None where nobody says what to draw. */
function nodeLane(
  name: string,
  lane: StateEvent["lane"],
  events: readonly TimelineEvent[],
  lasts: number,
): readonly Lane[] {
  const own = ofKind(events, "state").filter((state) => state.lane === lane);
  if (own.length === 0) return [];
  const changes = own.map(({ at, value }) => ({
    at,
    look: LOOKS.get(value) ?? "idle",
    words: SHORT.get(value) ?? value.replaceAll("-", " "),
  }));
  return [spansOnly(name, spansOf(changes, lasts))];
}

function readiness(at: number, ready: boolean): Change {
  return { at, look: ready ? "good" : "idle", words: ready ? "ready" : "not ready" };
}

function containerLanes(events: readonly TimelineEvent[], lasts: number): readonly Lane[] {
  const changes = new Map<string, Change[]>();
  for (const event of ofKind(events, "container")) {
    const name = `${event.init ? "Init" : "Container"} ${event.container}`;
    changes.set(name, [...(changes.get(name) ?? []), containerChange(event)]);
  }
  return [...changes].map(([name, own]) => spansOnly(name, spansOf(own, lasts)));
}

function containerChange({ at, state, reason, exitCode }: ContainerEvent & { readonly at: number }): Change {
  const look = exitCode === 0 ? "idle" : (LOOKS.get(reason ?? state) ?? LOOKS.get(state) ?? "idle");
  return { at, look, words: state === "running" ? state : (reason ?? state) };
}

/** From each change to the next one that changes what is seen, within the time looked at. */
function spansOf(changes: readonly Change[], lasts: number): readonly Span[] {
  const spans: Span[] = [];
  for (const [index, { at, look, words }] of changes.entries()) {
    const from = Math.max(0, at);
    const to = Math.min(lasts, changes[index + 1]?.at ?? lasts);
    if (to <= from) continue;
    const last = spans.at(-1);
    if (last?.to === from && last.words === words && last.look === look) {
      spans[spans.length - 1] = { ...last, to };
    } else spans.push({ from, to, look, words });
  }
  return spans;
}

function livenessFailures(events: readonly TimelineEvent[]): Lane["marks"] {
  return ofKind(events, "probe").flatMap(({ at, probe, success }) =>
    probe === "liveness" && !success ? [{ at }] : [],
  );
}

/** One for each restart, with the number of restarts of the pod's containers so far. */
function restarts(
  events: readonly TimelineEvent[],
): readonly { readonly at: number; readonly words: string }[] {
  const counts = new Map<string, number>();
  const marks: { readonly at: number; readonly words: string }[] = [];
  for (const { at, container, restartCount } of ofKind(events, "container")) {
    const before = counts.get(container) ?? 0;
    for (let more = before; more < restartCount; more++) marks.push({ at, words: String(marks.length + 1) });
    counts.set(container, Math.max(before, restartCount));
  }
  return marks;
}

/** What the application gets from each token event to the next, and nothing while it does not run. */
function tokenSpans(events: readonly TimelineEvent[], lasts: number): readonly Span[] {
  const changes = events.flatMap((event): readonly Change[] => {
    if (event.kind === "token")
      return [{ at: event.at, look: LOOKS.get(event.identity) ?? "idle", words: event.identity }];
    const ends = event.kind === "container" && !event.init && event.state === "terminated";
    return ends ? [{ at: event.at, look: "idle", words: "none" }] : [];
  });
  const first = changes.findIndex(({ words }) => words !== "none");
  return first < 0 ? [] : spansOf(changes.slice(first), lasts);
}
