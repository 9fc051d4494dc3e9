import { firstWords, secondWords, valuesOf, type CompletedCommand } from "./completion-table.js";
import type { FlagRow } from "./flag-table.js";

const PROGRAM = "complete -c azure-identity-guard";

/** For fish 3 or later. */
export function fishCompletion(commands: readonly CompletedCommand[]): string {
  const firsts = firstWords(commands).map(
    ({ word, meaning }) => `${PROGRAM} -n __fish_use_subcommand -a ${word} -d ${quoted(meaning)}`,
  );
  const seconds = [...secondWords(commands)].flatMap(([first, words]) => {
    const names = words.map(({ word }) => word).join(" ");
    const where = quoted(
      `__fish_seen_subcommand_from ${first}; and not __fish_seen_subcommand_from ${names}`,
    );
    return words.map(({ word, meaning }) => `${PROGRAM} -n ${where} -a ${word} -d ${quoted(meaning)}`);
  });
  return `# fish completion of azure-identity-guard:
#   azure-identity-guard completion fish > ~/.config/fish/completions/azure-identity-guard.fish
${PROGRAM} -f
${PROGRAM} -n __fish_use_subcommand -l help -s h -d 'Say what there is.'
${PROGRAM} -n __fish_use_subcommand -l version -d 'Say which version this is.'
${[...firsts, ...seconds, ...commands.flatMap(flagLines)].join("\n")}`;
}

function flagLines({ name, flags, choices = [] }: CompletedCommand): readonly string[] {
  const where = quoted(
    name
      .split(" ")
      .map((word) => `__fish_seen_subcommand_from ${word}`)
      .join("; and "),
  );
  return [
    ...(choices.length === 0 ? [] : [`${PROGRAM} -n ${where} -a ${quoted(choices.join(" "))}`]),
    ...flags.map((row) => `${PROGRAM} -n ${where} ${spellings(row)}${behind(row)} -d ${quoted(row.doc)}`),
  ];
}

function spellings({ flag, aliases }: FlagRow): string {
  const all = [flag, ...aliases];
  return all.map((name) => (name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`)).join(" ");
}

function behind(row: FlagRow): string {
  if (row.kind === "switch") return "";
  const values = valuesOf(row);
  if (values === "files") return " -r -F";
  return values.length === 0 ? " -x" : ` -x -a ${quoted(values.join(" "))}`;
}

/** In fish a backslash escapes between single quotes, too. */
function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
