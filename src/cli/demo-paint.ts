/** What a piece of text says, which is all that its colour depends on. */
export type Tone = "plain" | "good" | "bad" | "dim" | "strong" | "node" | "sdk" | "guard";

/** Writes `text` in the colour of `tone`, or as it is. */
export type Paint = (tone: Tone, text: string) => string;

/** SGR parameters (ECMA-48, 8.3.117), of the sixteen colours that every terminal has. */
const CODES: Readonly<Record<Tone, string>> = {
  plain: "",
  good: "32",
  bad: "1;31",
  dim: "2",
  strong: "1",
  node: "36",
  sdk: "33",
  guard: "34",
};

export const uncolored: Paint = (_tone, text) => text;

export const colored: Paint = (tone, text) =>
  CODES[tone] === "" || text === "" ? text : `\u001B[${CODES[tone]}m${text}\u001B[0m`;

/** Breaks `text` at spaces into lines of at most `width` characters; a longer word has a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
