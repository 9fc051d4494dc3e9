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
  const words = asksForHelp ? argv.slice(1) : argv;
  const command = find(words, commands);
  if (command === undefined) {
    if (asksForHelp && words.length === 0) {
      io.out(programHelp(commands, paintFor(io)));
      return EXIT.ok;
    }
    return unknownCommand(words, io, commands);
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
  return await run(values, { ...io, environment: { ...io.environment, ...values.variables(command.flags) } });
}

function paintFor({ environment, isTerminal }: CliIo): Paint {
  return wantsColor(environment, isTerminal()) ? colored : uncolored;
}

function find(words: readonly string[], commands: readonly CommandRow[]): CommandRow | undefined {
  return commands.find(({ name }) => name.split(" ").every((part, index) => words[index] === part));
}

function unknownCommand(words: readonly string[], io: CliIo, commands: readonly CommandRow[]): number {
  const given = words.filter((word) => !word.startsWith("-")).slice(0, 2);
  if (given.length === 0) {
    io.err(programHelp(commands, uncolored));
    return EXIT.usage;
  }
  const names = commands.map(({ name }) => name);
  // `wait` alone is the beginning of several.
  const beginnings = names.filter((name) => name.startsWith(`${given[0] ?? ""} `));
  const nearest = nearestName(given.join(" "), names) ?? nearestName(given[0] ?? "", names);
  const hint = nearest ?? (beginnings.length === 0 ? undefined : beginnings.join(", or "));
  io.err(`${showName(given.join(" "))} is no command${hint === undefined ? "" : `; did you mean ${hint}?`}`);
  io.err(`See: ${PACKAGE_NAME} --help`);
  return EXIT.usage;
}
