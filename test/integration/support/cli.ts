import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DIST_DIR } from "./dist.js";
import { eventually } from "./eventually.js";
import { startFixture, type Ended } from "./process.js";
import { WatchedProcess } from "./watched-process.js";

/** The built executable. */
export const EXECUTABLE: string = join(DIST_DIR, "cli/main.cjs");

/** A command in a process of its own. */
export class Command extends WatchedProcess {
  /** `preload` is a file of fixtures/cli that is loaded before the command. */
  static async start(
    argv: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    preload?: string,
  ): Promise<Command> {
    const release = await Command.turn();
    const nodeArguments = preload === undefined ? [] : ["--require", fixture(preload)];
    return new Command(startFixture(EXECUTABLE, environment, { argv, nodeArguments }), release);
  }

  /** Waits until it has written something that matches. */
  async says(text: RegExp): Promise<void> {
    await eventually(() => text.test(this.output()));
  }
}

/** What `--json` wrote, a line each. */
export function jsonLines(stdout: string): readonly object[] {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as object);
}

/** Runs a command to its end. */
export async function runCommand(
  line: string | readonly string[],
  environment: Readonly<Record<string, string>> = {},
  preload?: string,
): Promise<Ended> {
  const argv = typeof line === "string" ? line.split(" ") : line;
  await using command = await Command.start(argv, environment, preload);
  return await command.ended();
}

export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/cli/${name}`, import.meta.url));
}
