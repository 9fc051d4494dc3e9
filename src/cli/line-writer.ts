import type { Writable } from "node:stream";

/** Lines for a reader who is this far behind, in bytes, are dropped. */
const MOST_UNREAD = 1_048_576;

/** Writes lines to a stream of the process, and never waits for its reader: a signal must be heard meanwhile. */
export interface LineWriter {
  readonly line: (text: string) => void;
  /** Resolves once everything has been read, or nobody reads any more. */
  readonly flushed: () => Promise<void>;
}

/**
 * On a pipe, `fs.writeSync` blocks where the reader is slow; the stream keeps what does not fit.
 *
 * @param closed - called once where the reader has gone (`| head`)
 */
export function lineWriter(stream: Writable, closed: () => void): LineWriter {
  let broken = false;
  const waiting: (() => void)[] = [];
  // A disk that is full loses lines, and ends no wait.
  stream.on("error", (error: NodeJS.ErrnoException) => {
    broken = true;
    if (error.code === "EPIPE" || error.code === "EBADF") closed();
    waiting.splice(0).forEach((each) => each());
  });
  return {
    line: (text) => {
      if (!broken && stream.writableLength < MOST_UNREAD) stream.write(`${text}\n`);
    },
    flushed: async () => {
      if (broken || stream.writableLength === 0) return;
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        stream.write("", () => resolve());
      });
    },
  };
}
