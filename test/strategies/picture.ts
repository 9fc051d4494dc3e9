import { cut, markup, type Markup } from "../../src/probes/status-page/markup.js";
import { inOrder, lanesOf, ofKind, summaryOf, type Lane, type Span } from "./picture-lanes.js";
import { STYLE } from "./picture-style.js";
import type { Timeline } from "./timeline.js";

// Lengths are CSS pixels, and whole, so that the same timelines give the same bytes.

const WIDTH = 960;
const MARGIN = 24;
const TRACK = { from: 192, to: WIDTH - MARGIN };
const LANE = 26;
const BAR = 18;

/** A lane's baseline for its name and words, from its top. */
const BASELINE = 17;

/** What a character of the 12 pixel text takes at most, on average, whatever the font. */
const CHARACTER = 7.2;

/** Circles with numbers in them are this wide. */
const BADGE = 18;

const HEAD = 100;
const STEP_LINE = 20;
const PANEL_HEAD = 38;
const AXIS = 26;
const PANEL_GAP = 22;

/**
 * What became of one scenario under each strategy, as an SVG: a panel for each timeline, below each other and on one scale of
 * seconds. A light card on any page; no script, nothing loaded.
 */
export function picture(timelines: readonly Timeline[]): string {
  const scale = new Scale(Math.max(1, ...timelines.map(({ lasts }) => lasts)));
  const scenario = [...new Set(timelines.map((timeline) => timeline.scenario))].join(", ");
  const steps = numberedSteps(timelines);
  let top = HEAD + steps.length * STEP_LINE + (steps.length > 0 ? 12 : 0);
  const panels: Markup[] = [];
  for (const timeline of timelines) {
    const { drawn, height } = panel(timeline, steps, scale, top);
    panels.push(drawn);
    top += height + PANEL_GAP;
  }
  const height = top - PANEL_GAP + MARGIN;
  const told = timelines.map((timeline) => `${timeline.strategy}: ${summaryOf(timeline)}.`).join(" ");
  return markup`<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="title desc">
    <title id="title">${scenario}</title>
    <desc id="desc">What became of a pod, one strategy below the other, in seconds since it was created. ${told}</desc>
    ${STYLE}
    <rect class="card" x="1" y="1" width="${WIDTH - 2}" height="${height - 2}" rx="10"/>
    <text class="title" x="${MARGIN}" y="40">${cut(scenario, 68)}</text>
    ${legend(68)}
    ${steps.map(({ words, at }, index) => stepLine(index, words, at))}
    ${panels}
    </svg>
    `.text;
}

class Scale {
  readonly lasts: number;

  constructor(lasts: number) {
    this.lasts = lasts;
  }

  x(at: number): number {
    const share = Math.min(1, Math.max(0, at / this.lasts));
    return Math.round(TRACK.from + share * (TRACK.to - TRACK.from));
  }

  /** At most twelve, at even times. */
  get ticks(): readonly number[] {
    const step = [1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600].find((each) => this.lasts / each <= 12) ?? 3600;
    return Array.from({ length: Math.floor(this.lasts / step) + 1 }, (_none, index) => index * step);
  }
}

interface Step {
  readonly words: string;
  /** Which of the steps with these words it is. */
  readonly nth: number;
  /** Where the first timeline that has it saw it. */
  readonly at: number;
}

function stepsOf(timeline: Timeline): readonly Step[] {
  const counts = new Map<string, number>();
  return inOrder(ofKind(timeline.events, "node")).flatMap(({ at, step: words }) => {
    const nth = counts.get(words) ?? 0;
    counts.set(words, nth + 1);
    return at <= timeline.lasts ? [{ words, nth, at }] : [];
  });
}

/** The steps of the scenario: each timeline has them, at times of its own. */
function numberedSteps(timelines: readonly Timeline[]): readonly Step[] {
  const steps: Step[] = [];
  for (const step of timelines.flatMap(stepsOf)) {
    if (!steps.some((each) => isSame(each, step))) steps.push(step);
  }
  return inOrder(steps);
}

function isSame(one: Step, other: Step): boolean {
  return one.words === other.words && one.nth === other.nth;
}

function stepLine(index: number, words: string, at: number): Markup {
  const y = HEAD + index * STEP_LINE;
  return markup`${badge("step", MARGIN + BADGE / 2, y, String(index + 1))}<text x="${MARGIN + 28}" y="${y + 4}"><tspan class="strong">${Math.round(at)} s</tspan> ${cut(words, 110)}</text>
    `;
}

function panel(
  timeline: Timeline,
  steps: readonly Step[],
  scale: Scale,
  top: number,
): { readonly drawn: Markup; readonly height: number } {
  const lanes = lanesOf(timeline);
  const marks = stepsOf(timeline).map((step) => ({
    at: step.at,
    words: String(steps.findIndex((each) => isSame(each, step)) + 1),
  }));
  const first = top + PANEL_HEAD + (marks.length > 0 ? LANE : 0);
  const bottom = first + lanes.length * LANE;
  const end = scale.x(timeline.lasts);
  const drawn = markup`<g>
    <line class="rule" x1="${MARGIN}" x2="${TRACK.to}" y1="${top}" y2="${top}"/>
    <text class="heading" x="${MARGIN}" y="${top + 25}">${cut(timeline.strategy, 22)}</text>
    <text class="soft" x="${TRACK.to}" y="${top + 25}" text-anchor="end">${summary(timeline)}</text>
    ${scale.ticks.map((at) => tick(scale.x(at), first, bottom, String(at)))}
    <text class="soft" x="${MARGIN}" y="${bottom + 18}">Seconds</text>
    ${end < TRACK.to ? markup`<rect class="unseen" x="${end}" y="${first}" width="${TRACK.to - end}" height="${bottom - first}"/>` : undefined}
    ${marks.map(({ at }) => markup`<line class="when" x1="${scale.x(at)}" x2="${scale.x(at)}" y1="${first - 8}" y2="${bottom}"/>`)}
    ${lanes.map((lane, index) => laneAt(lane, first + index * LANE, scale))}
    ${marks.length > 0 ? markup`<text x="${MARGIN}" y="${first - LANE + BASELINE}">Steps</text>` : undefined}
    ${badges("step", marks, first - LANE / 2, scale)}
    </g>
    `;
  return { drawn, height: bottom + AXIS - top };
}

/** A wrong token is what all this is about. */
function summary(timeline: Timeline): Markup {
  const [before = "", wrong, after = ""] = summaryOf(timeline).split(/([1-9]\d* s wrong)/u);
  return markup`${before}${wrong && markup`<tspan class="alarm">${wrong}</tspan>`}${after}`;
}

function tick(x: number, top: number, bottom: number, words: string): Markup {
  return markup`<line class="grid" x1="${x}" x2="${x}" y1="${top}" y2="${bottom + 4}"/><text class="soft" x="${x}" y="${bottom + 18}" text-anchor="middle">${words}</text>
    `;
}

function laneAt({ name, spans, marks, empty }: Lane, y: number, scale: Scale): Markup {
  const nothing = spans.length === 0 && marks.length === 0;
  return markup`<text x="${MARGIN}" y="${y + BASELINE}">${cut(name, 22)}</text>
    ${nothing ? markup`<text class="empty" x="${TRACK.from + 6}" y="${y + BASELINE}">${empty}</text>` : undefined}
    ${spans.filter(({ look }) => look !== "bad").map((span) => bar(span, y, scale))}
    ${spans.filter(({ look }) => look === "bad").map((span) => bar(span, y, scale))}
    ${failureLines(marks, y, scale)}
    ${badges("restart", marks, y + LANE / 2, scale)}
    `;
}

/** A bar, with its words where there is room for them. What is broken but too short for words sticks out. */
function bar({ from, to, look, words }: Span, y: number, scale: Scale): Markup {
  const hasRoom = scale.x(to) - scale.x(from) >= words.length * CHARACTER + 8;
  const isBad = look === "bad";
  const width = Math.max(isBad ? 4 : 2, scale.x(to) - scale.x(from));
  const x = Math.min(scale.x(from), TRACK.to - width);
  const height = isBad && !hasRoom ? LANE - 2 : BAR;
  const shape = (name: string): Markup =>
    markup`<rect class="${name}" x="${x}" y="${y + (LANE - height) / 2}" width="${width}" height="${height}" rx="2"/>`;
  return markup`${shape(look)}${isBad ? shape("hatch") : undefined}${hasRoom ? markup`<text class="on-${look}" x="${x + 5}" y="${y + BASELINE}">${words}</text>` : undefined}
    `;
}

function failureLines(marks: Lane["marks"], y: number, scale: Scale): readonly Markup[] {
  const places = new Set(marks.flatMap(({ at, words }) => (words === undefined ? [scale.x(at)] : [])));
  return [...places].map((x) => failureLine(x, y + LANE / 2));
}

function failureLine(x: number, y: number): Markup {
  return markup`<line class="failure" x1="${x}" x2="${x}" y1="${y - 8}" y2="${y + 8}"/>`;
}

/** Marks with words in circles; those that would touch share one, which says from where to where it counts. */
function badges(look: string, marks: Lane["marks"], y: number, scale: Scale): readonly Markup[] {
  const groups: { x: number; readonly words: string[] }[] = [];
  for (const { at, words } of marks) {
    if (words === undefined) continue;
    const x = scale.x(at);
    const last = groups.at(-1);
    if (last !== undefined && x - last.x < widthOf(last.words) / 2 + BADGE) last.words.push(words);
    else groups.push({ x, words: [words] });
  }
  return groups.map(({ x, words }) => badge(look, x, y, shared(words)));
}

function shared(words: readonly string[]): string {
  return words.length === 1 ? (words[0] ?? "") : `${words[0] ?? ""}–${words.at(-1) ?? ""}`;
}

function widthOf(words: readonly string[]): number {
  return Math.max(BADGE, Math.ceil(shared(words).length * CHARACTER) + 8);
}

function badge(look: string, x: number, y: number, words: string): Markup {
  const width = widthOf([words]);
  return markup`<rect class="${look}" x="${x - width / 2}" y="${y - BADGE / 2}" width="${width}" height="${BADGE}" rx="${BADGE / 2}"/><text class="on-badge" x="${x}" y="${y + 4}" text-anchor="middle">${words}</text>
    `;
}

/** The looks, in the order in which they are explained. */
const LEGEND: readonly [words: string, draw: (x: number, y: number) => Markup][] = [
  ["as it should be", (x, y) => swatch("good", x, y)],
  ["on its way", (x, y) => swatch("wait", x, y)],
  ["broken or wrong", (x, y) => markup`${swatch("bad", x, y)}${swatch("hatch", x, y)}`],
  ["closed or none", (x, y) => swatch("idle", x, y)],
  ["step", (x, y) => badge("step", x + BADGE / 2, y, "1")],
  ["restart, counted", (x, y) => badge("restart", x + BADGE / 2, y, "1")],
  ["liveness failure", (x, y) => failureLine(x + BADGE / 2, y)],
];

function legend(y: number): readonly Markup[] {
  let x = MARGIN;
  return LEGEND.map(([words, draw]) => {
    const drawn = markup`${draw(x, y)}<text x="${x + BADGE + 6}" y="${y + 4}">${words}</text>
      `;
    x += BADGE + 18 + Math.ceil(words.length * CHARACTER);
    return drawn;
  });
}

function swatch(look: string, x: number, y: number): Markup {
  return markup`<rect class="${look}" x="${x}" y="${y - BADGE / 2}" width="${BADGE}" height="${BADGE}" rx="2"/>`;
}
