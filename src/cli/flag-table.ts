import type { OptionKind } from "../config/option-kind.js";
import { OPTION_KINDS } from "../config/option-kind.js";
import { OPTION_TABLE, type OptionRow } from "../config/option-table.js";

/** One flag of a command. */
export interface FlagRow {
  /** For example `--timeout`. */
  readonly flag: string;
  /** Other spellings. */
  readonly aliases: readonly string[];
  /** The variable that the flag stands in for, and wins over. */
  readonly variable?: string;
  /** Further variables that get the same value. */
  readonly also?: readonly string[];
  /** How the value is read; a switch has none. */
  readonly kind: OptionKind | "text" | "switch";
  /** What the help calls the value. */
  readonly value: string;
  /** What is accepted, for messages. */
  readonly form: string;
  readonly default?: string | undefined;
  readonly doc: string;
}

/** What the help calls values of a kind. */
const PLACEHOLDERS: Readonly<Record<FlagRow["kind"], string>> = {
  gate: "GATE",
  healthUrl: "URL",
  ipv4: "ADDRESS",
  duration: "TIME",
  grace: "TIME",
  count: "NUMBER",
  flag: "true|false",
  label: "NAME",
  scopes: "SCOPES",
  identifiers: "IDS",
  audiences: "SCOPE=AUDIENCE",
  unreadable: "reject|accept",
  port: "PORT",
  targetPort: "PORT",
  host: "ADDRESS",
  filePath: "PATH",
  text: "TEXT",
  switch: "",
};

/** Variables that would win over the one a flag stands in for; the flag silences them. */
export const SILENCED: Readonly<Record<string, string>> = {
  HOST_IP: "AZURE_IDENTITY_GUARD_NMI_URL",
};

/** Shorter spellings of flags that init containers and probes are full of. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  "expect.objectId": ["--expect-oid"],
  "health.port": ["--port"],
  "health.host": ["--host"],
};

function optionFlag(row: OptionRow): FlagRow {
  const {
    option = `health.${row.serverOption ?? ""}`,
    variable,
    flag,
    kind,
    form,
    default: usual,
    doc,
  } = row;
  const value = PLACEHOLDERS[kind];
  return { flag, aliases: ALIASES[option] ?? [], variable, kind, value, form, default: usual, doc };
}

/** The flags of settings that a credential has as options, by their paths: `retry.budgetMs`, `expect`, `health.port`. */
export function optionFlags(...paths: readonly string[]): readonly FlagRow[] {
  const isMeant = (row: OptionRow): boolean => {
    const path = row.option ?? `health.${row.serverOption ?? ""}`;
    return paths.some((each) => path === each || path.startsWith(`${each}.`));
  };
  return OPTION_TABLE.filter(isMeant).map(optionFlag);
}

type Own = Pick<FlagRow, "kind" | "doc"> & Partial<FlagRow>;

/** A flag of the command line's own. */
export function ownFlag(flag: string, { kind, ...own }: Own): FlagRow {
  const form = kind === "text" || kind === "switch" ? "" : OPTION_KINDS[kind].form;
  return { flag, aliases: [], kind, value: PLACEHOLDERS[kind], form, ...own };
}

export const JSON_FLAG: FlagRow = ownFlag("--json", { kind: "switch", doc: "Lines of JSON, for machines." });

export const HELP_FLAG: FlagRow = ownFlag("--help", {
  kind: "switch",
  aliases: ["-h"],
  doc: "This text.",
});

/** What every command exits with where it cannot be understood. */
export const USAGE = [2, "the command line or a variable cannot be used"] as const;
