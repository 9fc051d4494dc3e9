/** HTML or SVG that may be sent as it is. Made by {@link markup}, which escapes, or by {@link trusted}. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What may stand in `${}`: text is escaped, markup is not, `undefined` is nothing. */
export type MarkupValue = string | number | Markup | undefined | readonly MarkupValue[];

/** The one way by which text comes into the page: everything interpolated is escaped, in elements and attributes alike. */
export function markup(parts: TemplateStringsArray, ...values: readonly MarkupValue[]): Markup {
  const [first = "", ...rest] = collapsed(parts);
  return new Markup(first + rest.map((part, index) => written(values[index]) + part).join(""));
}

/** For constants of our own: style, script, drawings. */
export function trusted(constant: string): Markup {
  return new Markup(constant);
}

function written(value: MarkupValue): string {
  if (value === undefined) return "";
  if (value instanceof Markup) return value.text;
  if (typeof value === "number") return String(value);
  return typeof value === "string" ? escaped(value) : value.map(written).join("");
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Control characters, and those that turn the direction of the text around them: they could make a sentence say another. */
const UNFIT = /[\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]+/gu;

export function escaped(text: string): string {
  return text.replace(UNFIT, " ").replace(/[&<>"']/gu, (character) => ESCAPES[character] ?? "");
}

/** Layout of the source costs one byte a line, once. */
const layouts = new WeakMap<TemplateStringsArray, readonly string[]>();

function collapsed(parts: TemplateStringsArray): readonly string[] {
  const known = layouts.get(parts);
  if (known !== undefined) return known;
  const short = parts.map((part) => part.replace(/\s*\n\s*/gu, "\n"));
  layouts.set(parts, short);
  return short;
}

/** At most `most` characters, so that one text of somebody else's cannot fill the page. */
export function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).replace(/[\uD800-\uDBFF]$/u, "")}…`;
}
