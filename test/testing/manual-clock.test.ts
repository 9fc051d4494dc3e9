import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { mintToken } from "../../src/testing/mint-token.js";

test("stands still until it is advanced", async () => {
  const clock = new ManualClock({ now: 1000 });
  let ended = false;
  const sleep = clock.sleep(10).then(() => (ended = true));
  await clock.advance(9);
  expect({ ended, now: clock.now(), elapsed: clock.elapsed() }).toEqual({
    ended: false,
    now: 1009,
    elapsed: 9,
  });
  await clock.advance(1);
  expect(ended).toBe(true);
  await sleep;
});

test("ends sleeps in the order of their time and shows each its own moment", async () => {
  const clock = new ManualClock();
  const seen: [string, number][] = [];
  for (const [name, ms] of [
    ["c", 30],
    ["a", 10],
    ["b", 20],
    ["b2", 20],
  ] as const) {
    void clock.sleep(ms).then(() => seen.push([name, clock.elapsed()]));
  }
  await clock.advance(100);
  expect(seen).toEqual([
    ["a", 10],
    ["b", 20],
    ["b2", 20],
    ["c", 30],
  ]);
});

test("lets a loop of sleeps run its course within one advance", async () => {
  const clock = new ManualClock();
  let rounds = 0;
  const loop = (async () => {
    while (clock.elapsed() < 80_000) {
      await clock.sleep(5000);
      rounds += 1;
    }
  })();
  await clock.advance(80_000);
  await loop;
  expect(rounds).toBe(16);
});

test("lets requests over loopback finish between two sleeps", async () => {
  const server = createServer((_, response) => response.end("ok"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  // The first call loads and compiles the client, on other threads.
  await (await fetch(url)).text();
  const clock = new ManualClock();
  let answers = 0;
  void (async () => {
    for (;;) {
      await clock.sleep(1000);
      await (await fetch(url, { headers: { connection: "close" } })).text();
      answers += 1;
    }
  })();
  await clock.advance(20_000);
  expect(answers).toBe(20);
});

test("waits for tokens that are being signed", async () => {
  const clock = new ManualClock();
  let tokens = 0;
  void (async () => {
    for (;;) {
      await clock.sleep(1000);
      await mintToken();
      tokens += 1;
    }
  })();
  await clock.advance(5000);
  expect(tokens).toBe(5);
});

test("rejects a sleep with the reason of its signal, and forgets it", async () => {
  const clock = new ManualClock();
  const controller = new AbortController();
  const reason = new Error("mine");
  const sleep = clock.sleep(1000, controller.signal);
  controller.abort(reason);
  await expect(sleep).rejects.toBe(reason);
  expect(clock.pending).toBe(0);
});

test("rejects at once where the signal was aborted before", async () => {
  const clock = new ManualClock();
  await expect(clock.sleep(1000, AbortSignal.abort("gone"))).rejects.toBe("gone");
  expect(clock.pending).toBe(0);
});

test("does not end a sleep that an earlier one aborted", async () => {
  const clock = new ManualClock();
  const controller = new AbortController();
  const outcomes: string[] = [];
  const first = clock.sleep(10).then(() => controller.abort());
  const second = clock.sleep(20, controller.signal).then(
    () => outcomes.push("ended"),
    () => outcomes.push("aborted"),
  );
  await clock.advance(20);
  await Promise.all([first, second]);
  expect(outcomes).toEqual(["aborted"]);
});

test("jumps the wall clock alone", async () => {
  const clock = new ManualClock({ now: 5000 });
  let ended = false;
  void clock.sleep(10).then(() => (ended = true));
  clock.jump(-4000);
  await clock.advance(0);
  expect({ ended, now: clock.now(), elapsed: clock.elapsed() }).toEqual({
    ended: false,
    now: 1000,
    elapsed: 0,
  });
});

test("keeps both clocks together over many fractions of a millisecond", async () => {
  const clock = new ManualClock({ now: Date.UTC(2026, 0, 1), turns: 1 });
  for (let step = 0; step < 1_000; step++) await clock.advance(0.3);
  await clock.advance(1_000 - clock.elapsed());
  expect({ now: clock.now(), elapsed: clock.elapsed() }).toEqual({
    now: Date.UTC(2026, 0, 1) + 1_000,
    elapsed: 1_000,
  });
});

test("puts overlapping advances one after the other", async () => {
  const clock = new ManualClock();
  await Promise.all([clock.advance(10), clock.advance(5)]);
  expect(clock.elapsed()).toBe(15);
});

test.each([-1, NaN, Infinity])("refuses to advance by %s", async (ms) => {
  await expect(new ManualClock().advance(ms)).rejects.toThrow(RangeError);
});
