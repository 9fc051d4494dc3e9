import type { ServerResponse } from "node:http";
import type { Clock } from "../../clock.js";
import type { PageState } from "./page-state.js";

const TICK_MS = 250;
/** Every viewer costs a connection. */
const MAX_LISTENERS = 20;

const HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};

/** Sends the whole state to the browsers that show it, whenever it is another one than they have. */
export class LiveState {
  readonly #clock: Clock;
  readonly #state: () => PageState;
  /** What each browser was sent last. */
  readonly #sent = new Map<ServerResponse, string>();
  readonly #closing = new AbortController();

  constructor(clock: Clock, state: () => PageState) {
    this.#clock = clock;
    this.#state = state;
    void this.#run();
  }

  get hasRoom(): boolean {
    return this.#sent.size < MAX_LISTENERS;
  }

  add(response: ServerResponse): void {
    response.writeHead(200, HEADERS);
    response.write("retry: 1000\n\n");
    this.#sent.set(response, "");
    response.once("close", () => this.#sent.delete(response));
    this.#tell();
  }

  close(): void {
    this.#closing.abort();
    for (const response of this.#sent.keys()) response.end();
    this.#sent.clear();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await this.#clock.sleep(TICK_MS, signal).catch(() => undefined);
      this.#tell();
    }
  }

  #tell(): void {
    if (this.#sent.size === 0) return;
    const data = JSON.stringify(this.#state());
    for (const [response, last] of this.#sent) {
      // Who does not read gets the latest state once it does: none in between is needed.
      if (last === data || response.writableNeedDrain) continue;
      response.write(`data: ${data}\n\n`);
      this.#sent.set(response, data);
    }
  }
}
