import { writeSync } from "node:fs";

/** A reader who is this slow loses the line: a signal must be heard. */
const FULL_TRIES = 50;
const FULL_PAUSE_MS = 10;

/**
 * Writes a line to standard output (1) or standard error (2) before it returns. Without `process.stdout`, which takes a
 * part of the time of an exec probe to make.
 *
 * @returns whether somebody reads it: `false` where the other end is closed (`| head`)
 */
export function writeLine(descriptor: 1 | 2, line: string): boolean {
  let rest = Buffer.from(`${line}\n`);
  for (let tries = 0; rest.length > 0; tries += 1) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      // Nobody reads, or nothing can be kept: only the former ends the command.
      if (code !== "EAGAIN") return code !== "EPIPE" && code !== "EBADF";
      // A pipe that does not block, and is full: its reader is about to read, or never will.
      if (tries === FULL_TRIES) return true;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PAUSE_MS);
    }
  }
  return true;
}
