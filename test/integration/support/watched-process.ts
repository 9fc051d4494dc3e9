import { expect } from "vitest";
import { endWithin, type Ended, type Running } from "./process.js";
import { secretsIn } from "./secrets.js";
import { Slots } from "./slots.js";

// The machine has few cores, and a process that starts keeps one of them busy.
const RUNNING = new Slots(3);
const LIMIT_MS = 25_000;

/** A process that waits for its turn to start. When it ends, all that it wrote is searched for tokens. */
export class WatchedProcess implements AsyncDisposable {
  readonly running: Running;
  readonly #release: () => void;
  #ended: Promise<Ended> | undefined;

  protected constructor(running: Running, release: () => void) {
    this.running = running;
    this.#release = release;
  }

  protected static async turn(): Promise<() => void> {
    return await RUNNING.take();
  }

  /** Everything it has written so far. */
  output(): string {
    return this.running.output();
  }

  kill(signal: NodeJS.Signals): void {
    this.running.process.kill(signal);
  }

  /** However it ends. */
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
