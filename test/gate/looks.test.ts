import { describe, expect, test } from "vitest";
import { Looks, View, type Looking } from "../../src/gate/looks.js";
import type { NmiHealth } from "../../src/gate/nmi-health.js";
import { ManualClock } from "../../src/testing/manual-clock.js";

const ACTIVE: NmiHealth = { active: true };
const never = new AbortController().signal;

/** A health URL that answers after `takesMs`. */
function createUrl({ takesMs = 0 } = {}) {
  const clock = new ManualClock();
  const looks = new Looks();
  const asked: { readonly at: number; readonly signal: AbortSignal }[] = [];
  const looking: Looking<NmiHealth> = async (signal) => {
    asked.push({ at: clock.elapsed(), signal });
    if (takesMs > 0) await clock.sleep(takesMs, signal);
    return ACTIVE;
  };
  const view = ({ fresh }: { readonly fresh: boolean }): View => new View(looks, clock, { fresh });
  const look = async (seen: View, signal = never): Promise<NmiHealth> =>
    await seen.look("health", "http://h/healthz", looking, signal);
  return { clock, asked, view, look, poll: () => view({ fresh: false }), anew: () => view({ fresh: true }) };
}

describe("a poll", () => {
  test("takes what was seen within the last second, and is as old as that", async () => {
    const url = createUrl();
    await url.look(url.poll());
    await url.clock.advance(999);
    const second = url.poll();
    await url.look(second);
    await url.clock.advance(1);
    await url.look(url.poll());
    expect(url.asked.map(({ at }) => at)).toEqual([0, 1_000]);
    expect(second.startedAt).toBe(0);
  });

  test("takes nothing of a second ago, however that second is rounded", async () => {
    for (let n = 1; n < 100; n += 1) {
      const url = createUrl();
      await url.clock.advance(n * 0.37);
      await url.look(url.poll());
      await url.clock.advance(1_000); // when the watcher's timer fires
      await url.look(url.poll());
      expect(url.asked).toHaveLength(2);
    }
  });

  test("joins the request on its way", async () => {
    const url = createUrl({ takesMs: 500 });
    const [first, second] = [url.look(url.poll()), url.look(url.poll())];
    await url.clock.advance(500);
    expect([await first, await second]).toEqual([ACTIVE, ACTIVE]);
    expect(url.asked).toHaveLength(1);
  });
});

describe("a check that must be fresh", () => {
  test("takes nothing that began before it, also within one millisecond", async () => {
    const url = createUrl();
    await url.look(url.poll());
    const fresh = url.anew();
    await url.look(fresh);
    await url.look(fresh);
    expect(url.asked).toHaveLength(2);
  });

  test("does not join the request on its way", async () => {
    const url = createUrl({ takesMs: 500 });
    const calls = [url.look(url.poll()), url.look(url.anew())];
    await url.clock.advance(500);
    await Promise.all(calls);
    expect(url.asked).toHaveLength(2);
  });

  test("takes what began after it, whoever asked", async () => {
    const url = createUrl();
    const fresh = url.anew();
    await url.look(url.poll());
    await url.look(fresh);
    expect(url.asked).toHaveLength(1);
  });
});

describe("whoever leaves", () => {
  test("disturbs nobody else; the last one ends the request, and the next one asks anew", async () => {
    const url = createUrl({ takesMs: 900 });
    const [first, second] = [new AbortController(), new AbortController()];
    const calls = [first, second].map(async ({ signal }) => await url.look(url.poll(), signal));
    const ended = Promise.allSettled(calls);
    first.abort(new Error("gone"));
    await url.clock.advance(0);
    expect(url.asked[0]?.signal.aborted).toBe(false);
    second.abort(new Error("gone, too"));
    expect((await ended).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(url.asked[0]?.signal.aborted).toBe(true);
    const next = url.look(url.poll());
    await url.clock.advance(900);
    expect([await next, url.asked.length, url.clock.pending]).toEqual([ACTIVE, 2, 0]);
  });
});
