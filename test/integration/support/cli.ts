import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { DIST_DIR } from "./dist.js";
import { eventually } from "./eventually.js";
import { endWithin, startFixture, type Ended, type Running } from "./process.js";
import { secretsIn } from "./secrets.js";
import { Slots } from "./slots.js";

/** The built executable. */
export const EXECUTABLE: string = join(DIST_DIR, "cli/main.cjs");

// The machine has few cores, and a process that starts keeps one of them busy.
const RUNNING = new Slots(3);
const LIMIT_MS = 25_000;

/** A command in a process of its own. When it ends, all that it wrote is searched for tokens. */
export class Command implements AsyncDisposable {
  readonly running: Running;
  readonly #release: () => void;
  #ended: Promise<Ended> | undefined;

  private constructor(running: Running, release: () => void) {
    this.running = running;
    this.#release = release;
  }

  /** `preload` is a file of fixtures/cli that is loaded before the command. */
  static async start(
    argv: readonly string[],
    environment: Readonly<Record<string, string>> = {},
    preload?: string,
  ): Promise<Command> {
    const release = await RUNNING.take();
    const nodeArguments = preload === undefined ? [] : ["--require", fixture(preload)];
    return new Command(startFixture(EXECUTABLE, environment, { argv, nodeArguments }), release);
  }

  /** Everything it has written so far. */
  output(): string {
    return this.running.output();
  }

  /** Waits until it has written something that matches. */
  async says(text: RegExp): Promise<void> {
    await eventually(() => text.test(this.output()));
  }

  kill(signal: NodeJS.Signals): void {
    this.running.process.kill(signal);
  }

  async ended(): Promise<Ended> {
    this.#ended ??= endWithin(this.running, LIMIT_MS).finally(this.#release);
    const ended = await this.#ended;
    expect(secretsIn(ended.stdout + ended.stderr, [])).toEqual([]);
    return ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended === undefined) this.kill("SIGKILL");
    await this.ended();
  }
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
