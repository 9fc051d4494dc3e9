import { closeSync, openSync, writeSync } from "node:fs";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import type { ProcessesAtRest } from "./processes-at-rest.js";

/** Until what has been sent to this process has been read: a new connection takes a few turns. */
const TURNS = 4;
/** Most waits are for a millisecond; who works for long is not kept from it by being looked at. */
const PAUSE_MS = { first: 0.2, most: 4 } as const;
const LONGER = 1.5;

interface Sleeper {
  readonly socket: Socket;
  due: number;
}

/**
 * The clock of a cell. It stands still while any process of the cell works, and when all of them wait it jumps to the moment
 * for which the first of them waits, and wakes that one alone. So seconds of waiting cost nothing, a slow machine changes no
 * time in the cell, nothing times out because a process took long to start, and each run goes the same way.
 *
 * Processes take part by virtual-time.cjs: they read the time from a file, and tell over a socket when they are due.
 */
export class CellClock {
  /** For virtual-time.cjs. */
  readonly environment: Readonly<Record<string, string>>;
  readonly #file: number;
  readonly #server: Server;
  /** In the order of their arrival, which decides between two that are due at once. */
  readonly #sleepers = new Set<Sleeper>();
  readonly #stopped = new AbortController();
  readonly #began: number;
  #now: number;
  #messages = 0;
  #steps = 0;

  private constructor(folder: string, server: Server, socketPath: string, now: number) {
    const path = join(folder, "now");
    this.#file = openSync(path, "w");
    this.#server = server;
    this.#began = now;
    this.#now = now;
    this.environment = { CELL_CLOCK_FILE: path, CELL_CLOCK_SOCKET: socketPath };
    this.#write();
  }

  /** The clock begins with the machine's time. Its files are in `folder`. */
  static async start(folder: string): Promise<CellClock> {
    const path = join(folder, "clock");
    const server = createServer((socket) => clock.#accept(socket));
    const clock = new CellClock(folder, server, path, Date.now());
    server.listen(path);
    await once(server, "listening");
    return clock;
  }

  /** How far it has come. */
  get seconds(): number {
    return (this.#now - this.#began) / 1000;
  }

  /** How often it has woken somebody. */
  get steps(): number {
    return this.#steps;
  }

  /** Moves on for as long as it is not closed. `underWay` tells of what the network has not delivered. */
  async run(processes: ProcessesAtRest, underWay: () => boolean): Promise<void> {
    let wait: number = PAUSE_MS.first;
    while (!this.#stopped.signal.aborted) {
      const atRest = await this.#atRest(processes, underWay);
      const next = atRest ? this.#first() : undefined;
      if (next === undefined) {
        pause(wait);
        wait = Math.min(PAUSE_MS.most, wait * LONGER);
        await turn();
        continue;
      }
      wait = PAUSE_MS.first;
      this.#steps += 1;
      this.#now = Math.max(this.#now, next.due);
      this.#write();
      next.due = Infinity;
      next.socket.write("w");
    }
  }

  close(): void {
    this.#stopped.abort();
    this.#server.close();
    for (const { socket } of this.#sleepers) socket.destroy();
    closeSync(this.#file);
  }

  async #atRest(processes: ProcessesAtRest, underWay: () => boolean): Promise<boolean> {
    const before = processes.look();
    if (before === undefined) return false;
    const messages = this.#messages;
    for (let turns = 0; turns < TURNS; turns += 1) await turn();
    return messages === this.#messages && !underWay() && processes.look() === before;
  }

  #first(): Sleeper | undefined {
    let first: Sleeper | undefined;
    for (const sleeper of this.#sleepers) {
      if (sleeper.due === Infinity) continue;
      if (first === undefined || sleeper.due < first.due) first = sleeper;
    }
    return first;
  }

  #accept(socket: Socket): void {
    const sleeper = { socket, due: Infinity };
    this.#messages += 1;
    this.#sleepers.add(sleeper);
    let rest = "";
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      this.#messages += 1;
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      const last = lines.at(-1);
      if (last !== undefined) sleeper.due = last === "-" ? Infinity : Number(last);
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      this.#messages += 1;
      this.#sleepers.delete(sleeper);
    });
  }

  #write(): void {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleLE(this.#now);
    writeSync(this.#file, bytes, 0, 8, 0);
  }
}

const never = new Int32Array(new SharedArrayBuffer(4));

/** Timers of Node.js are no shorter than 1 ms. */
function pause(ms: number): void {
  Atomics.wait(never, 0, 0, ms);
}
