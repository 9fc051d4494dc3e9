import {
  firstWords,
  flagNames,
  quoted,
  secondWords,
  valuesOf,
  type CompletedCommand,
  type Suggestion,
} from "./completion-table.js";

/** For zsh with its completion system loaded (`compinit`). */
export function zshCompletion(commands: readonly CompletedCommand[]): string {
  const firsts = firstWords(commands);
  const named = firsts.filter(({ word }) => word !== "help");
  const seconds = [...secondWords(commands)].map(
    ([first, words]) => `    "3 ${first}") ${described(words)} ;;`,
  );
  return `#compdef azure-identity-guard
# zsh completion of azure-identity-guard; in ~/.zshrc, behind compinit:
#   source <(azure-identity-guard completion zsh)
_azure_identity_guard() {
  local -a found
  local first=$words[2] second=$words[3] before=$words[CURRENT-1]
  # The value of --flag=value is completed as the word behind --flag is.
  if [[ $words[CURRENT] == --*=* ]]; then
    before=\${words[CURRENT]%%=*}
    compset -P '*='
  fi
  case "$CURRENT $first" in
    "2 "*) ${described(firsts)} ;;
    "3 help") ${described(named)} ;;
${seconds.join("\n")}
    *) case "$first $second " in
${commands.map(flagCases).join("\n")}
    esac ;;
  esac
  _describe 'azure-identity-guard' found
}
if [[ $funcstack[1] == _azure_identity_guard ]]; then
  _azure_identity_guard "$@"
else
  compdef _azure_identity_guard azure-identity-guard
fi`;
}

function flagCases({ name, flags, choices = [] }: CompletedCommand): string {
  const lines = flags.flatMap((row) => {
    const values = valuesOf(row);
    const head = `${flagNames(row).join("|")})`;
    if (row.kind === "switch") return [];
    if (values === "files") return [`${head} _files; return ;;`];
    return [`${head} ${described(values.map((word) => ({ word, meaning: "" })))} ;;`];
  });
  const all = [
    ...choices.map((word) => ({ word, meaning: "" })),
    ...flags.flatMap((row) => flagNames(row).map((word) => ({ word, meaning: row.doc }))),
  ];
  const cases = [...lines, `*) ${described(all)} ;;`].map((line) => `        ${line}`);
  return `      "${name} "*) case $before in\n${cases.join("\n")}\n      esac ;;`;
}

/** A colon divides a word from its meaning. */
function described(suggestions: readonly Suggestion[]): string {
  const parts = suggestions.map(({ word, meaning }) =>
    quoted(meaning === "" ? word : `${word}:${meaning.replaceAll(":", "\\:")}`),
  );
  return `found=(${parts.join(" ")})`;
}
