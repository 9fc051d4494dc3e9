import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { lineWriter } from "../../src/cli/line-writer.js";

/** A stream whose reader takes one piece each time it is told to. */
function slowStream(): { stream: Writable; taken: string[]; take: () => void } {
  const taken: string[] = [];
  let next: (() => void) | undefined;
  const stream = new Writable({
    write(chunk, _encoding, done) {
      next = () => {
        taken.push(String(chunk));
        done();
      };
    },
  });
  return { stream, taken, take: () => next?.() };
}

function brokenStream(code: string): Writable {
  return new Writable({
    write: (_chunk, _encoding, done) => done(Object.assign(new Error(`${code}: broken`), { code })),
  });
}

const nothing = (): void => undefined;

test("waits for its reader at the end alone", async () => {
  const { stream, taken, take } = slowStream();
  const { line, flushed } = lineWriter(stream, nothing);
  line("one");
  line("two");
  let done = false;
  const flushing = flushed().then(() => (done = true));
  for (let piece = 0; piece < 2; piece += 1) {
    expect(done).toBe(false);
    take();
    await Promise.resolve();
  }
  take();
  await flushing;
  expect(taken.join("")).toBe("one\ntwo\n");
});

test("has nothing to wait for where all has been read", async () => {
  await expect(lineWriter(slowStream().stream, nothing).flushed()).resolves.toBeUndefined();
});

test("keeps no more than a megabyte for a reader that never reads", () => {
  const { stream } = slowStream();
  const { line } = lineWriter(stream, nothing);
  for (let each = 0; each < 3_000; each += 1) line("x".repeat(1_000));
  expect(stream.writableLength).toBeLessThan(1_060_000);
});

describe("a stream that fails", () => {
  test.each([
    ["EPIPE", ["closed"]],
    ["EBADF", ["closed"]],
    ["ENOSPC", []],
  ])("by %s is told once where its reader has gone, and keeps nobody waiting", async (code, told) => {
    const seen: string[] = [];
    const { line, flushed } = lineWriter(brokenStream(code), () => seen.push("closed"));
    line("one");
    line("two");
    await flushed();
    line("three");
    expect(seen).toEqual(told);
  });
});
