import { EventEmitter, once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { endWithin, startFixture, type Running } from "../../support/process.js";
import { IMPORTED, REQUIRED } from "../../support/register.js";
import { secretsIn } from "../../support/secrets.js";

/** What an application of examples/ tells of one operation. */
export interface Operation {
  readonly operation: string;
  readonly outcome: "ok" | "error";
  readonly name?: string;
  readonly code?: string;
  readonly status?: number;
  readonly message?: string;
}

/** How the guard comes to an application that knows nothing of it: loaded before it, or not at all. */
export type Loading = "none" | "--import" | "--require";

const ARGUMENTS: Readonly<Record<Loading, readonly string[]>> = {
  none: [],
  "--import": ["--import", IMPORTED],
  "--require": ["--require", REQUIRED],
};

/** A wait longer than the guard's whole budget is one for something that never comes. */
const LIMIT_MS = 110_000;
const EXIT_MS = 10_000;

/** A program of examples/ in a process of its own. When that ends, all that it wrote is searched for tokens. */
export class ClientApplication implements AsyncDisposable {
  readonly #start: () => Running;
  readonly #lines = new EventEmitter();
  #running: Running;
  #operations: Operation[] = [];
  #started = false;

  /** @param path below examples/ */
  constructor(path: string, loading: Loading, environment: Readonly<Record<string, string>>) {
    const file = fileURLToPath(new URL(`../../../../examples/${path}`, import.meta.url));
    this.#start = () =>
      this.#listenTo(startFixture(file, environment, { nodeArguments: ARGUMENTS[loading] }));
    this.#running = this.#start();
  }

  /** All operations of the process that have ended, in the order of their ends. */
  get operations(): readonly Operation[] {
    return this.#operations;
  }

  /** Waits until everything is loaded, and the first operation begins. */
  async started(): Promise<void> {
    await this.#until(() => this.#started);
  }

  /** Waits for the end of that many operations, counted from the start. */
  async ended(count: number): Promise<void> {
    await this.#until(() => this.#operations.length >= count);
  }

  /** A new process, which has told nothing yet. */
  async restart(): Promise<void> {
    await this[Symbol.asyncDispose]();
    this.#operations = [];
    this.#started = false;
    this.#running = this.#start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#running.process.kill("SIGKILL");
    const { stdout, stderr } = await endWithin(this.#running, EXIT_MS);
    expect(secretsIn(stdout + stderr, [])).toEqual([]);
  }

  #listenTo(running: Running): Running {
    const { stdout } = running.process;
    if (stdout === null) throw new Error("The output of the process is not to be had");
    createInterface({ input: stdout }).on("line", (line) => {
      const told = JSON.parse(line) as Operation | { readonly started: string };
      if ("started" in told) this.#started = true;
      else this.#operations.push(told);
      this.#lines.emit("line");
    });
    return running;
  }

  /** Looks at each line that the process writes. */
  async #until(holds: () => boolean): Promise<void> {
    const signal = AbortSignal.timeout(LIMIT_MS);
    const died = this.#running.ended.then((): never => this.#fail("ended by itself"));
    died.catch(() => undefined);
    while (!holds()) {
      const line = once(this.#lines, "line", { signal });
      line.catch(() => undefined); // heard or not, where the process has ended
      await Promise.race([line, died]).catch((error: unknown) => {
        if (!signal.aborted) throw error;
        this.#fail(`has not come that far within ${LIMIT_MS} ms`);
      });
    }
  }

  #fail(problem: string): never {
    throw new Error(
      `The application ${problem}. Its output ends with: ${this.#running.output().slice(-2000)}`,
    );
  }
}
