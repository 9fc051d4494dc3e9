import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { eventually } from "../../support/eventually.js";
import { endWithin, startFixture, type Running } from "../../support/process.js";
import { IMPORTED, REQUIRED } from "../../support/register.js";
import { secretsIn } from "../../support/secrets.js";

/** What an application tells of one operation; see examples/. */
export interface Operation {
  readonly operation: string;
  readonly outcome: "ok" | "error";
  readonly name?: string;
  readonly code?: string;
  readonly status?: number;
  readonly message?: string;
}

/** How the guard comes to an application: it is loaded before it, or not at all. */
export type Loading = "none" | "--import" | "--require";

const ARGUMENTS: Readonly<Record<Loading, readonly string[]>> = {
  none: [],
  "--import": ["--import", IMPORTED],
  "--require": ["--require", REQUIRED],
};

const LIMIT_MS = 10_000;

/** A program of examples/ in a process of its own. When it ends, all that it wrote is searched for tokens. */
export class ClientApplication implements AsyncDisposable {
  readonly #running: Running;

  /** @param path below examples/ */
  constructor(path: string, loading: Loading, environment: Readonly<Record<string, string>>) {
    const file = fileURLToPath(new URL(`../../../../examples/${path}`, import.meta.url));
    this.#running = startFixture(file, environment, { nodeArguments: ARGUMENTS[loading] });
  }

  /** All operations that have ended, in the order of their ends. */
  get operations(): readonly Operation[] {
    return this.#running
      .output()
      .split("\n")
      .filter((line) => line.startsWith('{"operation"') && line.endsWith("}"))
      .map((line) => JSON.parse(line) as Operation);
  }

  /** Waits until all is loaded, and the first operation begins. */
  async started(limitMs?: number): Promise<void> {
    await eventually(() => this.#isRunning() && this.output().includes('"started"'), limitMs);
  }

  output(): string {
    return this.#running.output();
  }

  /** Waits for the end of that many operations, counted from the start. */
  async ended(count: number, limitMs?: number): Promise<void> {
    await eventually(() => this.#isRunning() && this.operations.length >= count, limitMs);
  }

  #isRunning(): boolean {
    const { exitCode, signalCode } = this.#running.process;
    if (exitCode === null && signalCode === null) return true;
    throw new Error(`The application ended: ${this.output()}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#running.process.kill("SIGKILL");
    const { stdout, stderr } = await endWithin(this.#running, LIMIT_MS);
    expect(secretsIn(stdout + stderr, [])).toEqual([]);
  }
}
