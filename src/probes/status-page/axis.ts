import { markup, type Markup } from "./markup.js";

/** The time that a timeline shows. */
export const WINDOW_MS = 600_000;

/** Places points in time on the ten minutes before `now`, as percentages, so that a drawing fits any width. */
export class Axis {
  readonly now: number;
  readonly start: number;

  constructor(now: number) {
    this.now = now;
    this.start = now - WINDOW_MS;
  }

  /** 0 to 100; what lies outside is at the edge. */
  x(at: number): number {
    const share = ((at - this.start) / WINDOW_MS) * 100;
    return Math.round(Math.min(100, Math.max(0, share)) * 100) / 100;
  }

  has(at: number): boolean {
    return at > this.start && at <= this.now;
  }
}

const TICKS = [
  { x: 0, words: "10 min ago", anchor: "start", look: "tick" },
  { x: 20, words: "8 min", anchor: "middle", look: "tick wide" },
  { x: 40, words: "6 min", anchor: "middle", look: "tick" },
  { x: 60, words: "4 min", anchor: "middle", look: "tick" },
  { x: 80, words: "2 min", anchor: "middle", look: "tick wide" },
  { x: 100, words: "now", anchor: "end", look: "tick" },
] as const;

/** The line of ticks below the lanes. */
export const AXIS_ROW: Markup = markup`<div class="lane axis"><span class="label"></span><svg class="track" height="18">${TICKS.map(
  ({ x, words, anchor, look }) =>
    markup`<text class="${look}" x="${x}%" y="13" text-anchor="${anchor}">${words}</text>`,
)}</svg></div>`;
