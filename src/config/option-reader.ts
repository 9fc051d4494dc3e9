import type { ConfigurationProblem } from "../errors.js";
import { showName, showValue } from "../identity/show-value.js";
import { variable, type EnvironmentValues } from "./environment.js";
import { nearestName } from "./nearest-name.js";
import { OPTION_KINDS, type OptionKind, type OptionValues } from "./option-kind.js";
import { OPTION_TABLE, type OptionRow } from "./option-table.js";

type Fields = Readonly<Record<string, unknown>>;

/** Reads single options, from what the caller gave or else from the environment, and collects what is wrong. */
export interface OptionReader {
  readonly problems: ConfigurationProblem[];
  /** The value as given, unchecked: `given("retry.budgetMs")`. */
  given(option: string): unknown;
  /** `undefined` where the setting is unset, or has a problem that is now reported. */
  read<K extends OptionKind>(
    option: string,
    kind: K,
    sources?: { readonly environment: boolean },
  ): OptionValues[K] | undefined;
  /** The same, whatever the option says. */
  readVariable<K extends OptionKind>(option: string, kind: K): OptionValues[K] | undefined;
  /** Checks the variable of a setting that is no option of a credential. */
  check(row: OptionRow): void;
  /** Who gave the value: the option's path, else its variable. */
  nameOf(option: string): string;
  /** The value as given, for messages. */
  shown(option: string): string;
}

const PATHS: readonly string[] = OPTION_TABLE.flatMap(({ option }) => option ?? []);
const SECTIONS: readonly string[] = [...new Set(PATHS.filter((path) => path.includes(".")).map(sectionOf))];
const TOP_LEVEL: readonly string[] = [...PATHS.filter((path) => !path.includes(".")), ...SECTIONS];

/** Checks the shape of what was given, names included, and returns a reader of its fields. */
export function createOptionReader(options: unknown, environment: EnvironmentValues): OptionReader {
  const problems: ConfigurationProblem[] = [];
  const top = fieldsOf(options);
  if (top === undefined && options !== undefined) {
    problems.push({ name: "guard", value: showValue(options), expected: "an object of options" });
  }
  const sections = new Map<string, Fields>([["", top ?? {}]]);
  problems.push(...unknownNames(top ?? {}, TOP_LEVEL, ""));
  for (const section of SECTIONS) {
    const value = top?.[section];
    const fields = fieldsOf(value);
    if (fields !== undefined) {
      sections.set(section, fields);
      const known = PATHS.filter((path) => sectionOf(path) === section).map(fieldOf);
      problems.push(...unknownNames(fields, known, `${section}.`));
    } else if (value !== undefined && !(section === "expect" && typeof value === "string")) {
      problems.push({ name: section, value: showValue(value), expected: "an object of options" });
    }
  }

  const given = (option: string): unknown => sections.get(sectionOf(option))?.[fieldOf(option)];
  const readRow = <K extends OptionKind>(row: OptionRow, kind: K): OptionValues[K] | undefined => {
    const text = variable(environment, row.variable)?.trim();
    if (text === undefined) return undefined;
    const result = OPTION_KINDS[kind].fromText(text);
    if (result === undefined)
      problems.push({ name: row.variable, value: showValue(text), expected: row.form });
    return result;
  };
  const readVariable: OptionReader["readVariable"] = (option, kind) => readRow(rowOf(option, kind), kind);
  return {
    problems,
    given,
    readVariable,
    check: (row) => void readRow(row, row.kind),
    read: (option, kind, sources = { environment: true }) => {
      const value = given(option);
      if (value === undefined) return sources.environment ? readVariable(option, kind) : undefined;
      const result = OPTION_KINDS[kind].fromOption(value);
      if (result === undefined) {
        problems.push({ name: option, value: showValue(value), expected: rowOf(option, kind).optionForm });
      }
      return result;
    },
    nameOf: (option) => (given(option) === undefined ? rowOf(option).variable : option),
    shown: (option) => showValue(given(option) ?? variable(environment, rowOf(option).variable)),
  };
}

function rowOf(option: string, kind?: OptionKind): OptionRow {
  const row = OPTION_TABLE.find((candidate) => candidate.option === option);
  if (row === undefined || (kind ?? row.kind) !== row.kind)
    throw new TypeError(`The option table has no ${option}.`);
  return row;
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** A misspelt name would guard nothing, silently. */
function unknownNames(
  fields: Fields,
  known: readonly string[],
  prefix: string,
): readonly ConfigurationProblem[] {
  return Object.keys(fields)
    .filter((name) => !known.includes(name))
    .map((name) => {
      const nearest = nearestName(name, known);
      const expected = nearest === undefined ? `one of ${known.join(", ")}` : `${prefix}${nearest}`;
      return {
        name: prefix + showName(name),
        value: showValue(fields[name]),
        expected: `a known name: ${expected}`,
      };
    });
}

function sectionOf(path: string): string {
  return path.includes(".") ? path.slice(0, path.indexOf(".")) : "";
}

function fieldOf(path: string): string {
  return path.slice(path.indexOf(".") + 1);
}
