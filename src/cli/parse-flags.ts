import { nearestName } from "../config/nearest-name.js";
import { OPTION_KINDS, type OptionKind, type OptionValues } from "../config/option-kind.js";
import { showName, showValue } from "../identity/show-value.js";
import { SILENCED, type FlagRow } from "./flag-table.js";

/** What stands behind the name of a command. */
export class FlagValues {
  /** What is no flag. */
  readonly words: readonly string[];
  readonly #given: ReadonlyMap<string, string>;
  readonly #rows: readonly FlagRow[];

  constructor(given: ReadonlyMap<string, string>, words: readonly string[], rows: readonly FlagRow[]) {
    this.#given = given;
    this.#rows = rows;
    this.words = words;
  }

  has(flag: string): boolean {
    return this.#given.has(flag);
  }

  text(flag: string): string | undefined {
    return this.#given.get(flag);
  }

  /** The value as its kind has it; it was checked when it was read. */
  read<K extends OptionKind>(flag: string, kind: K): OptionValues[K] | undefined {
    const text = this.#given.get(flag);
    return text === undefined ? undefined : OPTION_KINDS[kind].fromText(text);
  }

  /** The flag that stands in for the variable, else the variable: what the reader of a message can change. */
  nameOf(variable: string): string {
    return (
      this.#rows.find((row) => this.#given.has(row.flag) && standsFor(row).includes(variable))?.flag ??
      variable
    );
  }

  /** Variables that flags stand in for; those that would win over them are empty, which counts as unset. */
  variables(): Readonly<Record<string, string>> {
    const given = this.#rows.flatMap((row) => {
      const text = this.#given.get(row.flag);
      return text === undefined ? [] : standsFor(row).map((name) => [name, text] as const);
    });
    const silenced = given.flatMap(([name]) => {
      const other = SILENCED[name];
      return other === undefined ? [] : [[other, ""] as const];
    });
    return Object.fromEntries([...silenced, ...given]);
  }
}

function standsFor({ variable, also = [] }: FlagRow): readonly string[] {
  return variable === undefined ? also : [variable, ...also];
}

/** Reads `--flag value`, `--flag=value` and switches; `problems` has a sentence for everything that is wrong. */
export function parseFlags(
  argv: readonly string[],
  rows: readonly FlagRow[],
): { readonly values: FlagValues; readonly problems: readonly string[] } {
  const given = new Map<string, string>();
  const words: string[] = [];
  const problems: string[] = [];
  const rest = [...argv];
  for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
    if (next === "--") {
      words.push(...rest.splice(0));
    } else if (!next.startsWith("-")) {
      words.push(next);
    } else {
      const [name = "", ...parts] = next.split("=");
      const inline = parts.length === 0 ? undefined : parts.join("=");
      const row = rows.find(({ flag, aliases }) => flag === name || aliases.includes(name));
      if (row === undefined) problems.push(unknownFlag(name, rows));
      else problems.push(...take(row, name, inline, rest, given));
    }
  }
  return { values: new FlagValues(given, words, rows), problems };
}

function take(
  row: FlagRow,
  name: string,
  inline: string | undefined,
  rest: string[],
  given: Map<string, string>,
): readonly string[] {
  if (given.has(row.flag)) return [`${name} is given twice; give it once`];
  if (row.kind === "switch") {
    given.set(row.flag, "true");
    return inline === undefined ? [] : [`${name} takes no value; leave out "=${showName(inline)}"`];
  }
  const text = (inline ?? follower(rest))?.trim();
  if (text === undefined || text === "") return [`${name} needs a value${row.form && `: ${row.form}`}`];
  given.set(row.flag, text);
  if (row.kind === "text" || OPTION_KINDS[row.kind].fromText(text) !== undefined) return [];
  return [`${name} is ${showValue(text)}; expected ${row.form}`];
}

/** Takes what follows a flag, unless that is a flag itself. */
function follower(rest: string[]): string | undefined {
  return rest[0]?.startsWith("--") === false ? rest.shift() : undefined;
}

function unknownFlag(name: string, rows: readonly FlagRow[]): string {
  const known = rows.flatMap(({ flag, aliases }) => [flag, ...aliases]);
  // Everything is near to a single letter.
  const nearest = name.startsWith("--") ? nearestName(name, known) : undefined;
  return `${showName(name)} is no flag of this command${nearest === undefined ? "" : `; did you mean ${nearest}?`}`;
}
