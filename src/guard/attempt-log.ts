import type { AttemptRecord } from "../errors.js";

/** Records kept of one acquisition; errors carry them. */
const MAX_RECORDS = 20;

/** The attempts of one acquisition. */
export class AttemptLog {
  #records: readonly AttemptRecord[] = [];
  #count = 0;

  /** All that have started. */
  get count(): number {
    return this.#count;
  }

  /** The last of them that have ended. */
  get records(): readonly AttemptRecord[] {
    return this.#records;
  }

  /** Returns the number of the attempt that starts now. */
  start(): number {
    return ++this.#count;
  }

  add(record: AttemptRecord): void {
    this.#records = Object.freeze([...this.#records, Object.freeze(record)].slice(-MAX_RECORDS));
  }
}
