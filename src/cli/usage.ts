import { EXIT, type CliIo } from "./command.js";

/** Says on standard error what is wrong with a command line, and where to read on. */
export function usageError(io: Pick<CliIo, "err">, command: string, problems: readonly string[]): number {
  for (const problem of problems) io.err(`${command}: ${problem}`);
  io.err(`See: azure-identity-guard ${command} --help`);
  return EXIT.usage;
}
