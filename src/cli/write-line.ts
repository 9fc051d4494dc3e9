import { writeSync } from "node:fs";

/**
 * Writes a line to standard output (1) or standard error (2) before it returns: without `process.stdout`, which takes a part
 * of the time of an exec probe to make.
 *
 * @returns why it could not be written; `undefined` also where the reader has had enough (`| head`)
 */
export function writeLine(descriptor: 1 | 2, line: string): Error | undefined {
  let rest = Buffer.from(`${line}\n`);
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(descriptor, rest));
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    return error.code === "EPIPE" ? undefined : error;
  }
  return undefined;
}
