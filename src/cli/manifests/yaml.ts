/** What a manifest is made of. A key that begins with `#` is a comment, as a line of its own before what follows it. */
export type Yaml = string | number | boolean | readonly Yaml[] | YamlMap;

export interface YamlMap {
  readonly [key: string]: Yaml;
}

const INDENT = "  ";
const WIDTH = 80;

/**
 * Writes a document in block style, lists of single values as `[a, b]`. Texts are quoted unless they can be nothing but a
 * text, in YAML 1.1 as well, which Kubernetes reads.
 */
export function writeYaml(document: YamlMap): string {
  return mapLines(document, "").join("\n");
}

/** The same without comments, for JSON. */
export function withoutComments(value: Yaml): Yaml {
  if (isList(value)) return value.map(withoutComments);
  if (typeof value !== "object") return value;
  const entries = Object.entries(value).filter(([key]) => !key.startsWith("#"));
  return Object.fromEntries(entries.map(([key, each]) => [key, withoutComments(each)]));
}

function mapLines(map: YamlMap, pad: string): readonly string[] {
  return Object.entries(map).flatMap(([key, value]) => {
    if (key.startsWith("#")) return [`${pad}${key}`];
    const head = `${pad}${scalar(key)}:`;
    if (isList(value)) return listLines(value, head, pad);
    if (typeof value !== "object") return [`${head} ${scalar(value)}`];
    const inner = mapLines(value, pad + INDENT);
    return inner.length === 0 ? [`${head} {}`] : [head, ...inner];
  });
}

function listLines(list: readonly Yaml[], head: string, pad: string): readonly string[] {
  if (list.every((item) => typeof item !== "object")) {
    const flow = `${head} [${list.map((item) => scalar(item)).join(", ")}]`;
    if (flow.length <= WIDTH) return [flow];
  }
  return [head, ...list.flatMap((item) => itemLines(item, pad + INDENT))];
}

function itemLines(item: Yaml, pad: string): readonly string[] {
  if (typeof item !== "object") return [`${pad}- ${scalar(item)}`];
  if (isList(item)) throw new TypeError("A list directly within a list has no place in a manifest.");
  const lines = mapLines(item, pad + INDENT);
  const first = lines.findIndex((line) => !line.trimStart().startsWith("#"));
  return lines.map((line, index) => {
    // A comment above the item stands where the item does.
    if (index < first) return line.slice(INDENT.length);
    return index === first ? `${pad}- ${line.slice(pad.length + INDENT.length)}` : line;
  });
}

/** What YAML 1.1 takes for something else than a text. */
const NO_TEXT = /^(?:true|false|yes|no|on|off|null|y|n)$/iu;
const PLAIN = /^(?:--)?[a-z/][\w./:@=+-]*$/iu;

function scalar(value: string | number | boolean): string {
  if (typeof value !== "string") return String(value);
  return PLAIN.test(value) && !NO_TEXT.test(value) && !value.endsWith(":") ? value : quoted(value);
}

/** In single quotes where the text has double ones and nothing else to escape: command lines of a shell stay readable. */
function quoted(value: string): string {
  const text = JSON.stringify(value);
  return value.includes('"') && !value.includes("'") && text.replaceAll('\\"', '"') === `"${value}"`
    ? `'${value}'`
    : text;
}

function isList(value: Yaml): value is readonly Yaml[] {
  return Array.isArray(value);
}
