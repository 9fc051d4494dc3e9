import { PACKAGE_NAME } from "../package-info.js";
import type { CommandRow } from "./command.js";
import { wrap, type Paint } from "./demo-paint.js";
import type { FlagRow } from "./flag-table.js";

/** The terminals that nobody widens. */
const WIDTH = 80;
const INDENT = "  ";

/** What the program says of itself: examples first. */
export function programHelp(commands: readonly CommandRow[], paint: Paint): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    `${paint("strong", PACKAGE_NAME)}: the right Azure token, or none yet.`,
    "",
    ...examples(
      commands.flatMap(({ examples: [first] }) => (first === undefined ? [] : [first])),
      paint,
    ),
    "",
    paint("strong", "Commands"),
    ...commands.flatMap(({ name, summary }) => columns(name.padEnd(width), summary)),
    "",
    `${PACKAGE_NAME} COMMAND --help says more of each.`,
  ].join("\n");
}

/** What a command says of itself. */
export function commandHelp(command: CommandRow, paint: Paint): string {
  const { name, operand, description, flags, exits } = command;
  const head = flags.map(
    ({ flag, aliases, value }) => [flag, ...aliases].join(", ") + (value && ` ${value}`),
  );
  return [
    ...examples(command.examples, paint),
    "",
    ...description,
    "",
    `${paint("strong", "Usage")} ${PACKAGE_NAME} ${name}${operand === undefined ? "" : ` ${operand}`} [flags]`,
    "",
    paint("strong", "Flags"),
    ...flags.flatMap((row, index) => [`${INDENT}${head[index] ?? ""}`, ...aboutFlag(row)]),
    "",
    paint("strong", "Exit codes"),
    ...exits.flatMap(([code, meaning]) => columns(String(code), meaning)),
    ...columns("128+n", "ended by signal n: 143 after SIGTERM"),
  ].join("\n");
}

function examples(lines: readonly (readonly [string, string])[], paint: Paint): readonly string[] {
  return lines.flatMap(([line, meaning]) => [
    ...shellLines(`${PACKAGE_NAME} ${line}`).map((text) => `${INDENT}${text}`),
    ...wrap(meaning, WIDTH - 6).map((text) => `${INDENT}    ${paint("dim", text)}`),
  ]);
}

/** A command line as a shell takes it, broken before flags where it is too long for one line. */
function shellLines(line: string): readonly string[] {
  const [first = "", ...flags] = line.split(/ (?=--)/u);
  const lines = [first];
  for (const flag of flags) {
    const current = lines.at(-1) ?? "";
    if (current.length + 1 + flag.length <= WIDTH - 4) lines[lines.length - 1] = `${current} ${flag}`;
    else lines.push(`  ${flag}`);
  }
  return lines.map((text, index) => (index < lines.length - 1 ? `${text} \\` : text));
}

function aboutFlag({ variable, default: usual, doc }: FlagRow): readonly string[] {
  const more = [
    ...(usual === undefined ? [] : [`Default ${usual}.`]),
    ...(variable === undefined ? [] : [`Else ${variable}.`]),
  ];
  return wrap([doc, ...more].join(" "), WIDTH - 6).map((line) => `${INDENT}    ${line}`);
}

function columns(left: string, right: string): readonly string[] {
  const [first = "", ...rest] = wrap(right, WIDTH - left.length - 4);
  const blank = " ".repeat(left.length);
  return [`${INDENT}${left}${INDENT}${first}`, ...rest.map((line) => `${INDENT}${blank}${INDENT}${line}`)];
}
