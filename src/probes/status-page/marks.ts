import type { Axis } from "./axis.js";
import { markup, type Markup } from "./markup.js";

/** Shapes differ, so that nobody needs the colours. */
export type Shape = "dot" | "cross" | "ring" | "hollow" | "square" | "diamond";

/** Something that happened at a point in time. */
export interface Mark {
  readonly at: number;
  readonly shape: Shape;
  /** Shown by the pointer; asked for only where the mark is drawn. */
  readonly title: () => string;
}

/** Marks of one shape that would lie on each other are one: percentages of the width. */
const APART = 2;

/** Marks of a lane. A mark for several says how many. */
export function drawMarks(marks: readonly Mark[], axis: Axis): Markup {
  const drawn: { mark: Mark; x: number; count: number }[] = [];
  for (const mark of marks.filter(({ at }) => axis.has(at))) {
    const x = axis.x(mark.at);
    const near = drawn.findLast((each) => each.mark.shape === mark.shape);
    if (near !== undefined && x - near.x < APART) {
      near.mark = mark;
      near.count += 1;
    } else drawn.push({ mark, x, count: 1 });
  }
  return markup`${drawn.map(({ mark, x, count }) => {
    const more = count === 1 ? "" : ` (${count} like it within seconds)`;
    return markup`<use href="#${mark.shape}" x="${x}%" y="14"><title>${mark.title()}${more}</title></use>`;
  })}`;
}

/** What the marks stand for. */
const LEGEND: readonly (readonly [shape: Shape, words: string])[] = [
  ["dot", "brought a token"],
  ["cross", "failed"],
  ["hollow", "brought a bad token"],
  ["ring", "given up"],
  ["square", "token stored"],
  ["diamond", "token refused"],
];

export const MARK_LEGEND: Markup = markup`<ul class="legend" aria-label="Marks of the timelines">${LEGEND.map(
  ([shape, words]) =>
    markup`<li><svg width="14" height="14" aria-hidden="true"><use href="#${shape}" x="7" y="7"/></svg>${words}</li>`,
)}</ul>`;
