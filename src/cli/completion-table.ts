import { GATE_CHOICES } from "../config/guard-options.js";
import type { CommandRow } from "./command.js";
import type { FlagRow } from "./flag-table.js";

/** What a completion script knows of a command. */
export type CompletedCommand = Pick<CommandRow, "name" | "summary" | "flags" | "choices">;

/** A word that may come next. */
export interface Suggestion {
  readonly word: string;
  readonly meaning: string;
}

/** What may stand behind a flag; `files` where the shell knows, nothing where only the person does. */
export function valuesOf({ kind }: FlagRow): readonly string[] | "files" {
  if (kind === "filePath") return "files";
  return VALUES[kind] ?? [];
}

const VALUES: Readonly<Partial<Record<FlagRow["kind"], readonly string[]>>> = {
  gate: GATE_CHOICES,
  flag: ["true", "false"],
  unreadable: ["reject", "accept"],
};

/** First words, each once: `wait` stands for all that begin with it. */
export function firstWords(commands: readonly CompletedCommand[]): readonly Suggestion[] {
  const words = new Map<string, string>();
  for (const { name, summary } of commands) {
    const [first = "", second] = name.split(" ");
    const before = words.get(first);
    if (second === undefined) words.set(first, summary);
    else words.set(first, before === undefined ? second : `${before}, ${second}`);
  }
  words.set("help", "Say more of a command.");
  return [...words].map(([word, meaning]) => ({ word, meaning }));
}

/** The second words of commands that have two, by the first. */
export function secondWords(
  commands: readonly CompletedCommand[],
): ReadonlyMap<string, readonly Suggestion[]> {
  const found = new Map<string, Suggestion[]>();
  for (const { name, summary } of commands) {
    const [first = "", second] = name.split(" ");
    if (second === undefined) continue;
    found.set(first, [...(found.get(first) ?? []), { word: second, meaning: summary }]);
  }
  return found;
}

export function flagNames({ flag, aliases }: FlagRow): readonly string[] {
  return [flag, ...aliases];
}

/** A text between single quotes, for shells in which a backslash means nothing there. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
