import { nearestName } from "../config/nearest-name.js";
import { showName } from "../identity/show-value.js";
import { PACKAGE_NAME, PACKAGE_VERSION } from "../package-info.js";
import { COMMANDS } from "./command-table.js";
import { EXIT, type CliIo, type CommandRow } from "./command.js";
import { wantsColor } from "./demo-environment.js";
import { colored, uncolored, type Paint } from "./demo-paint.js";
import { commandHelp, programHelp } from "./help.js";
import { parseFlags } from "./parse-flags.js";
import { usageError } from "./usage.js";

const HELP: readonly string[] = ["help", "--help", "-h"];

/** Runs one command line and resolves with its exit code. Rejects only for defects, and for `io.signal`. */
export async function runCli(
  argv: readonly string[],
  io: CliIo,
  commands: readonly CommandRow[] = COMMANDS,
): Promise<number> {
  const [first = ""] = argv;
  if (first === "--version" || first === "version") {
    io.out(PACKAGE_VERSION);
    return EXIT.ok;
  }
  const asksForHelp = HELP.includes(first);
  const beginning = argv.findIndex((word) => !HELP.includes(word));
  const words = beginning < 0 ? [] : argv.slice(beginning);
  const command = find(words, commands);
  if (command === undefined) {
    const listed = group(words, commands);
    const asks = asksForHelp || words.slice(1).some((word) => HELP.includes(word));
    if (!asks || listed.length === 0) return unknownCommand(words, io, commands);
    io.out(programHelp(listed, paintFor(io)));
    return EXIT.ok;
  }
  const { values, problems } = parseFlags(words.slice(command.name.split(" ").length), command.flags);
  if (asksForHelp || values.has("--help")) {
    io.out(commandHelp(command, paintFor(io)));
    return EXIT.ok;
  }
  const extra =
    command.operand === undefined ? values.words.map((word) => `${showName(word)} is one word too many`) : [];
  // The value of a flag that nobody knows looks like a word.
  const wrong = problems.length > 0 ? problems : extra;
  if (wrong.length > 0) return usageError(io, command.name, wrong);
  const run = await command.load();
  return await run(values, { ...io, environment: { ...io.environment, ...values.variables() } });
}

function paintFor({ environment, isTerminal }: CliIo): Paint {
  return wantsColor(environment, isTerminal()) ? colored : uncolored;
}

function find(words: readonly string[], commands: readonly CommandRow[]): CommandRow | undefined {
  return commands.find(({ name }) => name.split(" ").every((part, index) => words[index] === part));
}

/** `wait` alone is the beginning of several commands, and nothing that of all. */
function group(
  [first, second = "", ..._rest]: readonly string[],
  commands: readonly CommandRow[],
): readonly CommandRow[] {
  if (first === undefined) return commands;
  return second === "" || second.startsWith("-")
    ? commands.filter(({ name }) => name.startsWith(`${first} `))
    : [];
}

function unknownCommand(words: readonly string[], io: CliIo, commands: readonly CommandRow[]): number {
  const given = words.filter((word) => !word.startsWith("-")).slice(0, 2);
  if (given.length === 0) {
    io.err(programHelp(commands, uncolored));
    return EXIT.usage;
  }
  const late = words[0]?.startsWith("-") === true ? find(given, commands) : undefined;
  if (late !== undefined) return usageError(io, late.name, [`flags come behind the command, not before it`]);
  const hint = likelyCommands(given, commands);
  io.err(`${showName(given.join(" "))} is no command${hint === "" ? "" : `; did you mean ${hint}?`}`);
  io.err(`See: ${PACKAGE_NAME} --help`);
  return EXIT.usage;
}

/** What was probably meant: a command that is spelt nearly so, or all that begin so. */
function likelyCommands(given: readonly string[], commands: readonly CommandRow[]): string {
  const names = commands.map(({ name }) => name);
  const [first = ""] = given;
  const nearest = nearestName(given.join(" "), names) ?? nearestName(first, names);
  if (nearest !== undefined) return nearest;
  const beginnings = [given.join(" "), `${first} `, first].map((start) =>
    names.filter((name) => name.startsWith(start)),
  );
  return beginnings.find((found) => found.length > 0)?.join(", or ") ?? "";
}
