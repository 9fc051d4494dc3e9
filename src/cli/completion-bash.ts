import { firstWords, flagNames, secondWords, valuesOf, type CompletedCommand } from "./completion-table.js";
import type { FlagRow } from "./flag-table.js";

/** For bash 3.2 or later, with nothing else installed. */
export function bashCompletion(commands: readonly CompletedCommand[]): string {
  const firsts = firstWords(commands).map(({ word }) => word);
  const seconds = [...secondWords(commands)].map(
    ([first, words]) => `    "2 ${first}") words="${words.map(({ word }) => word).join(" ")}" ;;`,
  );
  return `# bash completion of azure-identity-guard; in ~/.bashrc:
#   source <(azure-identity-guard completion bash)
_azure_identity_guard() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} words=
  local first=\${COMP_WORDS[1]} second=\${COMP_WORDS[2]}
  # bash makes three words of --flag=value.
  if [[ $current == = ]]; then
    current=
  elif [[ $before == = ]]; then
    before=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  case "$COMP_CWORD $first" in
    "1 "*) words="${firsts.join(" ")} --help --version" ;;
    "2 help") words="${firsts.filter((word) => word !== "help").join(" ")}" ;;
${seconds.join("\n")}
    *) case "$first $second " in
${commands.map(flagCases).join("\n")}
    esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _azure_identity_guard azure-identity-guard`;
}

function flagCases({ name, flags, choices = [] }: CompletedCommand): string {
  const names = (of: readonly FlagRow[]): string => of.flatMap(flagNames).join("|");
  const own = flags.filter(({ kind }) => kind !== "switch");
  const free = own.filter((row) => valuesOf(row).length === 0);
  const lines = own.flatMap((row) => {
    const values = valuesOf(row);
    if (values === "files") return [`${names([row])}) COMPREPLY=($(compgen -f -- "$current")); return ;;`];
    return values.length === 0 ? [] : [`${names([row])}) words="${values.join(" ")}" ;;`];
  });
  const all = [...choices, ...flags.flatMap(flagNames)].join(" ");
  const cases = [
    ...lines,
    ...(free.length === 0 ? [] : [`${names(free)}) words= ;;`]),
    `*) words="${all}" ;;`,
  ];
  return `      "${name} "*) case $before in\n${cases.map((line) => `        ${line}`).join("\n")}\n      esac ;;`;
}
