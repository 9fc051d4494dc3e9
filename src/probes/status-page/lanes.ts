import { EVENTS_KEPT } from "../../health/health-history.js";
import type { GuardEvent, GuardEventName } from "../../health/guard-events.js";
import type { HealthSnapshot } from "../../health/health-snapshot.js";
import type { Axis } from "./axis.js";
import { barsBetween, drawBars, drawUnknown, type Bar, type Point } from "./bars.js";
import { counted, eventWords } from "./event-words.js";
import { gateCode, gateWords } from "./gate-words.js";
import { drawMarks, type Mark, type Shape } from "./marks.js";
import { markup, type Markup } from "./markup.js";
import { STATE_WORDS } from "./state-words.js";
import { durationWords, utcWords } from "./time-words.js";

/** One row of a timeline. */
export interface Lane {
  readonly label: string;
  /** Beside the label, in a word or two. */
  readonly summary: string;
  readonly drawing: Markup;
  /** The same for those who do not see it. */
  readonly spoken: string;
}

type Of<Name extends GuardEventName> = Extract<GuardEvent, { type: Name }>;

function eventsOf<Name extends GuardEventName>(snapshot: HealthSnapshot, type: Name): readonly Of<Name>[] {
  return snapshot.history.filter((event): event is Of<Name> => event.type === type);
}

export function stateLane(snapshot: HealthSnapshot, axis: Axis): Lane {
  const changes = eventsOf(snapshot, "change");
  const point = (from: number, state: HealthSnapshot["state"]): Point => {
    const { word } = STATE_WORDS[state];
    return { from, look: state, word, title: `${word} from ${utcWords(from, axis.now)}` };
  };
  const first = changes[0];
  const points =
    first === undefined
      ? [point(snapshot.since, snapshot.state)]
      : [point(knownFrom(snapshot), first.from), ...changes.map(({ at, to }) => point(at, to))];
  const bars = barsBetween(points, axis.now);
  return {
    label: "State",
    summary: STATE_WORDS[snapshot.state].word.toLowerCase(),
    drawing: drawBars(bars, axis),
    spoken: `State: ${spokenBars(bars, axis)}.`,
  };
}

export function gateLane(snapshot: HealthSnapshot, axis: Axis): Lane {
  const { gate, gateName, state, since } = snapshot;
  if (gateName === undefined) {
    const none = markup`<text class="tick" x="7" y="18">no gate guards this credential</text>`;
    return { label: "Gate", summary: "none", drawing: none, spoken: "There is no gate." };
  }
  const seen = eventsOf(snapshot, "gate").map(({ at, observation }) => ({ at, observation }));
  const known = seen.length === 0 && gate !== undefined ? [{ at: gate.observedAt, observation: gate }] : seen;
  const points = known.map(({ at, observation }): Point => {
    const open = observation.state === "open";
    const word = open ? "open" : "closed";
    const more = open ? {} : { longWord: `closed: ${gateCode(observation.reason)}` };
    const title = `${open ? "Open" : "Closed"} from ${utcWords(at, axis.now)}: ${gateWords(observation).sentence}`;
    return { from: at, look: open ? "open" : "shut", word, ...more, title };
  });
  // Nobody watches the gate of a credential that was closed.
  const bars = barsBetween(points, state === "closed" ? since : axis.now);
  return {
    label: "Gate",
    summary: gate?.state ?? "not seen",
    drawing: drawBars(bars, axis),
    spoken: `Gate: ${spokenBars(bars, axis)}.`,
  };
}

const SHAPES: Readonly<Record<Of<"attempt">["outcome"], Shape>> = {
  token: "dot",
  failed: "cross",
  rejected: "hollow",
  abandoned: "ring",
};

export function attemptLane(snapshot: HealthSnapshot, axis: Axis): Lane {
  const attempts = eventsOf(snapshot, "attempt").filter(({ at }) => axis.has(at));
  const bad = attempts.filter(({ outcome }) => outcome === "failed" || outcome === "rejected").length;
  const marks = attempts.map((event): Mark => mark(event, SHAPES[event.outcome], snapshot, axis));
  return {
    label: "Attempts",
    summary: bad === 0 ? `${attempts.length}` : `${bad} of ${attempts.length} failed`,
    drawing: withMarks(snapshot, axis, marks),
    spoken: `${counted(attempts.length, "attempt")}, ${bad} of them without a usable token.`,
  };
}

export function tokenLane(snapshot: HealthSnapshot, axis: Axis): Lane {
  const tokens = eventsOf(snapshot, "token");
  const end = snapshot.state === "closed" ? snapshot.since : axis.now;
  const stored = tokens.map(({ at, expiresOn }) => ({ from: at, until: Math.min(expiresOn, end) }));
  // A token that no event tells of is older than what is kept of events.
  const older = snapshot.keys
    .filter(({ key, expiresOn }) => expiresOn !== undefined && tokens.every((token) => token.key !== key))
    .map(({ expiresOn }) => ({ from: knownFrom(snapshot), until: Math.min(expiresOn ?? end, end) }));
  const bars = union([...older, ...stored]).map((span): Bar => {
    return { ...span, look: "held", word: "in hand", title: "At least one token in hand" };
  });
  const held = snapshot.keys.filter(({ expiresOn = 0 }) => expiresOn > axis.now).length;
  const marks = tokens.map((event): Mark => mark(event, "square", snapshot, axis));
  return {
    label: "Tokens",
    summary: held === 0 ? "none in hand" : `${held} in hand`,
    drawing: markup`${drawBars(bars, axis, "blank")}${withMarks(snapshot, axis, marks)}`,
    spoken: `${counted(held, "token")} in hand; ${tokens.filter(({ at }) => axis.has(at)).length} stored.`,
  };
}

export function rejectionLane(snapshot: HealthSnapshot, axis: Axis): Lane {
  const refused = eventsOf(snapshot, "rejected").filter(({ at }) => axis.has(at));
  return {
    label: "Rejections",
    summary: `${refused.length}`,
    drawing: withMarks(
      snapshot,
      axis,
      refused.map((event): Mark => mark(event, "diamond", snapshot, axis)),
    ),
    spoken: `${counted(refused.length, "token")} refused.`,
  };
}

/** Since when the history tells all: from the first event or state on, or from where it was cut off. */
function knownFrom({ history, since }: HealthSnapshot): number {
  // Where the history is full, older events were dropped.
  if (history.length < EVENTS_KEPT) return Math.min(history[0]?.at ?? since, since);
  return history.find(({ type }) => type !== "gate" && type !== "change")?.at ?? since;
}

function withMarks(snapshot: HealthSnapshot, axis: Axis, marks: readonly Mark[]): Markup {
  const known = axis.x(knownFrom(snapshot));
  return markup`${known > 0 ? drawUnknown(known, "") : undefined}${drawMarks(marks, axis)}`;
}

function mark(event: GuardEvent, shape: Shape, { details }: HealthSnapshot, axis: Axis): Mark {
  const title = (): string => `${utcWords(event.at, axis.now)}: ${eventWords(event, details).what}`;
  return { at: event.at, shape, title };
}

interface Span {
  readonly from: number;
  readonly until: number;
}

function union(spans: readonly Span[]): readonly Span[] {
  const merged: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last === undefined || span.from > last.until) merged.push(span);
    else merged[merged.length - 1] = { from: last.from, until: Math.max(last.until, span.until) };
  }
  return merged;
}

/** More changes than these are told by their number. */
const TOLD = 4;

export function spokenBars(bars: readonly Bar[], axis: Axis): string {
  const shown = bars.filter(({ until }) => until > axis.start);
  if (shown.length === 0) return "not known";
  if (shown.length > TOLD) return `changed ${shown.length - 1} times, now ${shown.at(-1)?.word ?? ""}`;
  return shown
    .map(({ from, until, word }) => `${word} for ${durationWords(until - Math.max(from, axis.start))}`)
    .join(", then ");
}
