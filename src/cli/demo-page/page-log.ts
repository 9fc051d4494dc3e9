import type { PageLogLine, PageTone } from "./page-state.js";

const MAX_LINES = 50;

/** What happened, the newest first. */
export class PageLog {
  readonly #now: () => number;
  #lines: readonly PageLogLine[] = [];
  #last = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  get lines(): readonly PageLogLine[] {
    return this.#lines;
  }

  add(who: string, tone: PageTone, words: string): void {
    const time = new Date(this.#now()).toISOString().slice(11, 19);
    this.#lines = [{ number: ++this.#last, time, who, tone, words }, ...this.#lines].slice(0, MAX_LINES);
  }
}
