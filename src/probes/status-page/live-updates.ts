import type { ServerResponse } from "node:http";
import type { Clock } from "../../clock.js";
import { changesBetween, type PageView } from "./page-view.js";

/** A browser that listens. */
interface Listener {
  readonly response: ServerResponse;
  /** What it was sent last; nothing at first. */
  seen: PageView | undefined;
  /** Monotonic time of the last word to it. */
  wordAt: number;
  /** Monotonic time since when it has not taken what it was sent. */
  stuckSince: number | undefined;
}

export interface LiveUpdatesOptions {
  readonly clock: Clock;
  /** The page as it is now. */
  readonly view: () => PageView;
}

/** Every viewer costs a connection and a share of a loop. */
const MAX_LISTENERS = 20;
const TICK_MS = 1_000;
/** The page takes a silence of 40 s for a lost connection; proxies cut one off after 60 s, seldom earlier. */
const BEAT_MS = 15_000;
const STUCK_MS = 30_000;

const HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/event-stream; charset=utf-8",
  // A proxy that compresses or collects would keep what is said for itself.
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
  "x-content-type-options": "nosniff",
};

/** Sends what changes on the page to the browsers that show it. One loop for all of them, and none where there are none. */
export class LiveUpdates {
  readonly #clock: Clock;
  readonly #view: () => PageView;
  readonly #listeners = new Set<Listener>();
  #loop: AbortController | undefined;
  #closed = false;

  constructor({ clock, view }: LiveUpdatesOptions) {
    this.#clock = clock;
    this.#view = view;
  }

  /** Whether one more can listen. */
  get hasRoom(): boolean {
    return !this.#closed && this.#listeners.size < MAX_LISTENERS;
  }

  /** Sends everything, and from then on what changes, until the other side goes or {@link close} is called. */
  add(response: ServerResponse): void {
    const view = this.#view(); // first: where it throws, another answer can still be given
    const listener: Listener = {
      response,
      seen: undefined,
      wordAt: this.#clock.elapsed(),
      stuckSince: undefined,
    };
    response.writeHead(200, HEADERS);
    // Browsers wait 2 to 3 s before they come back; said, it is the same everywhere.
    response.write("retry: 2000\n\n");
    this.#listeners.add(listener);
    response.once("close", () => this.#remove(listener));
    this.#tell(listener, view);
    if (this.#loop !== undefined) return;
    this.#loop = new AbortController();
    void this.#run(this.#loop.signal);
  }

  close(): void {
    this.#closed = true;
    for (const { response } of this.#listeners) response.end();
    this.#listeners.clear();
    this.#stop();
  }

  #remove(listener: Listener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size === 0) this.#stop();
  }

  #stop(): void {
    this.#loop?.abort();
    this.#loop = undefined;
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        await this.#clock.sleep(TICK_MS, signal);
      } catch {
        return; // nobody listens any more
      }
      this.#tick();
    }
  }

  #tick(): void {
    let view: PageView;
    try {
      view = this.#view();
    } catch {
      return; // a monitor of the application's own that throws; the next look may succeed
    }
    for (const listener of this.#listeners) this.#tell(listener, view);
  }

  #tell(listener: Listener, view: PageView): void {
    const { response } = listener;
    const elapsed = this.#clock.elapsed();
    // Who does not read is sent nothing more, so that at most one message waits for it, and is dropped in the end.
    if (response.writableNeedDrain) {
      listener.stuckSince ??= elapsed;
      if (elapsed - listener.stuckSince >= STUCK_MS) response.destroy();
      return;
    }
    listener.stuckSince = undefined;
    const changes = changesBetween(listener.seen, view);
    if (changes !== undefined) response.write(`event: sections\ndata: ${JSON.stringify(changes)}\n\n`);
    else if (elapsed - listener.wordAt >= BEAT_MS) response.write(`event: beat\ndata: ${view.at}\n\n`);
    else return;
    listener.seen = view;
    listener.wordAt = elapsed;
  }
}
