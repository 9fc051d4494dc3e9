import type { Axis } from "./axis.js";
import { markup, type Markup } from "./markup.js";

/** How a bar looks: each has a pattern of its own beside its colour. */
export type BarLook =
  "ready" | "starting" | "degraded" | "failing" | "drained" | "closed" | "open" | "shut" | "held";

/** Something that lasts. */
export interface Bar {
  readonly from: number;
  readonly until: number;
  readonly look: BarLook;
  /** Written on the bar where there is room for it, and read out. */
  readonly word: string;
  /** Written in its place where there is room for more. */
  readonly longWord?: string;
  /** Shown by the pointer. */
  readonly title: string;
}

/** A state that began at a point in time and lasts until the next one. */
export type Point = Omit<Bar, "until">;

/** The bars between points, which are in order, up to `end`; points that look alike make one bar. */
export function barsBetween(points: readonly Point[], end: number): readonly Bar[] {
  const bars: Bar[] = [];
  for (const [index, point] of points.entries()) {
    const until = points[index + 1]?.from ?? end;
    const last = bars.at(-1);
    if (last?.look === point.look && last.word === point.word && last.longWord === point.longWord) {
      bars[bars.length - 1] = { ...last, until };
    } else bars.push({ ...point, until });
  }
  return bars;
}

/** Pixels of a percentage of the width: the fewest beside labels, and the fewest of a phone (page-style.ts). */
const WIDE_PX = 6.5;
const NARROW_PX = 3;
/** Of a character, and beside the word. */
const CHARACTER_PX = 6;
const MARGIN_PX = 13;
/** Percentage of the width that every bar has: however short it was, it must be seen. */
const LEAST = 0.5;

/** Bars of a lane; what is before the first one is shown as not known, or left blank. */
export function drawBars(bars: readonly Bar[], axis: Axis, before: "unknown" | "blank" = "unknown"): Markup {
  const shown = bars.filter(({ until }) => until > axis.start);
  const known = axis.x(shown[0]?.from ?? axis.now);
  const unknown = before === "unknown" && known > 0 ? drawUnknown(known, "not known") : undefined;
  return markup`${unknown}${shown.map((bar) => drawBar(bar, axis))}`;
}

/** The time from the left edge to `x` of which nothing is known. */
export function drawUnknown(x: number, word: string): Markup {
  return markup`<svg x="0" y="5" width="${x}%" height="18"><rect class="bar unknown" width="100%" height="100%" rx="3"/>${written([word], x)}</svg>`;
}

function drawBar({ from, until, look, word, longWord, title }: Bar, axis: Axis): Markup {
  const width = Math.max(LEAST, round(axis.x(until) - axis.x(from)));
  const x = round(Math.min(axis.x(from), 100 - width));
  // A drawing of its own cuts off the word at the bar's end.
  return markup`<svg x="${x}%" y="5" width="${width}%" height="18"><title>${title}</title><rect class="bar ${look}" width="100%" height="100%" rx="3"/>${written([longWord ?? word, word], width)}</svg>`;
}

/** The longest word that fits, on a desk and on a phone. */
function written(words: readonly string[], width: number): Markup | undefined {
  const fitting = (pixels: number): string | undefined =>
    words.find((word) => word !== "" && width * pixels >= word.length * CHARACTER_PX + MARGIN_PX);
  const [wide, narrow] = [fitting(WIDE_PX), fitting(NARROW_PX)];
  if (wide === undefined) return undefined;
  if (wide === narrow) return textOn(wide, "on");
  return markup`${textOn(wide, "on wide")}${narrow === undefined ? undefined : textOn(narrow, "on narrow")}`;
}

const textOn = (word: string, look: string): Markup =>
  markup`<text class="${look}" x="7" y="13">${word}</text>`;

const round = (value: number): number => Math.round(value * 100) / 100;
