import { showName } from "../identity/show-value.js";
import { bashCompletion } from "./completion-bash.js";
import { fishCompletion } from "./completion-fish.js";
import type { CompletedCommand } from "./completion-table.js";
import { zshCompletion } from "./completion-zsh.js";
import { EXIT, type RunCommand } from "./command.js";
import { SHELLS, type Shell } from "./shells.js";
import { usageError } from "./usage.js";

const SCRIPTS: Readonly<Record<Shell, (commands: readonly CompletedCommand[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** `completion SHELL`: prints a script that completes commands, flags and their values. */
export function completion(commands: readonly CompletedCommand[]): RunCommand {
  return async ({ words: [given, ...more] }, io) => {
    const shell = SHELLS.find((each) => each === given);
    const problems = [
      ...(given === undefined ? [`SHELL is missing; one of ${SHELLS.join(", ")}`] : []),
      ...(given === undefined || shell !== undefined
        ? []
        : [`${showName(given)} is no shell with a script; one of ${SHELLS.join(", ")}`]),
      ...more.map((word) => `${showName(word)} is one word too many`),
    ];
    if (shell === undefined || problems.length > 0) {
      return await Promise.resolve(usageError(io, "completion", problems));
    }
    io.out(SCRIPTS[shell](commands));
    return EXIT.ok;
  };
}
