import { AsyncLocalStorage } from "node:async_hooks";
import { getEventListeners } from "node:events";
import { describe, expect, test, vi } from "vitest";
import { createGateRegistry, watchGate } from "../../src/gate/gate-watcher.js";
import { GATE_KEY, type Gate, type GateObservation } from "../../src/gate/gate.js";
import { createNmiGate } from "../../src/gate/nmi-gate.js";
import type { HttpProbe } from "../../src/gate/route-probe.js";
import { ManualClock } from "../../src/testing/manual-clock.js";

const never = new AbortController().signal;

interface Started {
  readonly at: number;
  readonly signal: AbortSignal;
  readonly finish: (observation?: unknown) => void;
  readonly fail: (error: unknown) => void;
}

/** A gate whose checks the test ends, or which end at once with `answer`. */
function createWorld(options: { pollIntervalMs?: number; random?: () => number } = {}) {
  const clock = new ManualClock();
  const registry = createGateRegistry();
  const started: Started[] = [];
  const world = { state: "open" as "open" | "closed", manual: false };
  const answer = (): GateObservation =>
    world.state === "open"
      ? { state: "open", reason: "active", observedAt: clock.now() }
      : { state: "closed", reason: "not-active", permanent: false, observedAt: clock.now() };
  const gate: Gate = {
    name: "test",
    check: async (given) =>
      await new Promise<GateObservation>((resolve, reject) => {
        const signal = given?.abortSignal;
        if (!(signal instanceof AbortSignal)) throw new Error("no signal");
        const finish = (observation: unknown = answer()): void => resolve(observation as GateObservation);
        started.push({ at: clock.elapsed(), signal, finish, fail: reject });
        signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
        if (!world.manual) finish();
      }),
  };
  const ports = { clock, random: options.random ?? (() => 0), registry };
  const watch = (watched: Gate = gate, pollIntervalMs = options.pollIntervalMs ?? 5000) =>
    watchGate(watched, { pollIntervalMs }, ports);
  return Object.assign(world, {
    clock,
    registry,
    started,
    gate,
    watch,
    at: () => started.map(({ at }) => at),
  });
}

describe("polling", () => {
  test("starts at once, and goes on at the interval while open", async () => {
    const world = createWorld();
    const watch = world.watch();
    await world.clock.advance(15_000);
    expect(world.at()).toEqual([0, 5000, 10_000, 15_000]);
    watch.close();
  });

  test("is in no context of those who started it, or asked in between", async () => {
    const context = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const world = createWorld();
    const check: Gate["check"] = async (options) => {
      seen.push(context.getStore());
      return await world.gate.check(options);
    };
    const watch = context.run("credential", () => world.watch({ name: "test", check }));
    await world.clock.advance(5_000);
    await context.run("request", async () => await watch.observeAfresh(never));
    await world.clock.advance(10_000);
    expect(seen).toEqual(["credential", undefined, "request", undefined, undefined]);
    watch.close();
  });

  test("asks every second while closed", async () => {
    const world = createWorld();
    world.state = "closed";
    const watch = world.watch();
    await world.clock.advance(3000);
    world.state = "open";
    await world.clock.advance(7000);
    expect(world.at()).toEqual([0, 1000, 2000, 3000, 4000, 9000]);
    watch.close();
  });

  test("is at most once a second, however short the interval", async () => {
    const world = createWorld({ pollIntervalMs: 10, random: () => 0.999 });
    const watch = world.watch();
    await world.clock.advance(3000);
    expect(world.at()).toEqual([0, 1000, 2000, 3000]);
    watch.close();
  });

  test("comes a little earlier by chance, and never later", async () => {
    const world = createWorld({ pollIntervalMs: 10_000, random: () => 0.5 });
    const watch = world.watch();
    await world.clock.advance(9500);
    expect(world.at()).toEqual([0, 9500]);
    watch.close();
  });

  test("takes the smallest interval of its users, also while the timer runs and after one has left", async () => {
    const world = createWorld();
    const slow = world.watch(world.gate, 60_000);
    await world.clock.advance(1000);
    const fast = world.watch(world.gate, 2000);
    await world.clock.advance(3000);
    expect(world.at()).toEqual([0, 2000, 4000]);
    fast.close();
    await world.clock.advance(59_999);
    expect(world.at()).toEqual([0, 2000, 4000]);
    await world.clock.advance(1);
    expect(world.at()).toEqual([0, 2000, 4000, 64_000]);
    slow.close();
  });

  test("waits for a slow check to end", async () => {
    const world = createWorld({ pollIntervalMs: 1000 });
    world.manual = true;
    const watch = world.watch();
    await world.clock.advance(1500);
    expect(world.at()).toEqual([0]);
    world.started[0]?.finish();
    await world.clock.advance(0);
    expect(world.at()).toEqual([0, 1500]);
    watch.close();
  });
});

describe("sharing", () => {
  test("gates with the same key have one watcher, others their own", () => {
    const world = createWorld();
    const keyed = (key: string): Gate => Object.assign({ ...world.gate }, { [GATE_KEY]: key });
    const watches = [keyed("a"), keyed("a"), keyed("b"), { ...world.gate }, { ...world.gate }].map((gate) =>
      world.watch(gate),
    );
    expect(world.started).toHaveLength(4);
    for (const watch of watches) watch.close();
    expect(world.registry.watchers.size).toBe(0);
  });

  test("a gate without a key that is watched twice has one watcher", () => {
    const world = createWorld();
    const watches = [world.watch(), world.watch()];
    expect(world.started).toHaveLength(1);
    for (const watch of watches) watch.close();
  });
});

describe("observe", () => {
  test("gives an observation whose check started up to a second ago", async () => {
    const world = createWorld();
    const watch = world.watch();
    await world.clock.advance(1000);
    expect((await watch.observe(never)).state).toBe("open");
    expect(world.at()).toEqual([0]);
    watch.close();
  });

  test("starts a check where that is longer ago, and the next poll counts from it", async () => {
    const world = createWorld();
    const watch = world.watch();
    await world.clock.advance(1001);
    await watch.observe(never);
    await world.clock.advance(5000);
    expect(world.at()).toEqual([0, 1001, 6001]);
    watch.close();
  });

  test("measures age by the monotonic clock", async () => {
    const world = createWorld();
    const watch = world.watch();
    await world.clock.advance(500);
    world.clock.jump(3_600_000);
    await watch.observe(never);
    expect(world.at()).toEqual([0]);
    watch.close();
  });

  test("measures age from the start of the check, not from its end", async () => {
    const world = createWorld();
    world.manual = true;
    const watch = world.watch();
    await world.clock.advance(1500);
    world.started[0]?.finish();
    await world.clock.advance(0);
    void watch.observe(never).catch(() => undefined);
    expect(world.at()).toEqual([0, 1500]);
    watch.close();
  });

  test("joins the check that runs", async () => {
    const world = createWorld();
    world.manual = true;
    const watch = world.watch();
    const both = Promise.all([watch.observe(never), watch.observe(never)]);
    world.started[0]?.finish();
    expect(await both).toHaveLength(2);
    expect(world.at()).toEqual([0]);
    watch.close();
  });
});

describe("observeAfresh", () => {
  test("starts a check where none runs, however young the last one is", async () => {
    const world = createWorld();
    const watch = world.watch();
    await world.clock.advance(1);
    await watch.observeAfresh(never);
    expect(world.at()).toEqual([0, 1]);
    watch.close();
  });

  test("does not take the check that runs; calls meanwhile share the next one", async () => {
    const world = createWorld();
    world.manual = true;
    const watch = world.watch();
    const results = [watch.observeAfresh(never), watch.observeAfresh(never)];
    world.started[0]?.finish();
    await world.clock.advance(0);
    expect(world.started).toHaveLength(2);
    world.state = "closed";
    world.started[1]?.finish();
    expect((await Promise.all(results)).map(({ state }) => state)).toEqual(["closed", "closed"]);
    watch.close();
  });

  test("a call from a listener gets a check that starts after it", async () => {
    const world = createWorld();
    world.manual = true;
    const watch = world.watch();
    const before = watch.observeAfresh(never);
    let after: Promise<GateObservation> | undefined;
    watch.onObservation(() => {
      after ??= watch.observeAfresh(never);
    });
    world.started[0]?.finish();
    await world.clock.advance(0);
    world.started[1]?.finish();
    await before;
    await world.clock.advance(0);
    expect(world.started).toHaveLength(3);
    world.state = "closed";
    world.started[2]?.finish();
    expect((await after)?.state).toBe("closed");
    watch.close();
  });
});

describe("a gate that fails", () => {
  const closedByError = { state: "closed", reason: "gate-error", permanent: false };

  test("by throwing is closed", async () => {
    const world = createWorld();
    world.manual = true;
    const watch = world.watch();
    const observation = watch.observe(never);
    world.started[0]?.fail(new Error("x"));
    expect(await observation).toMatchObject(closedByError);
    watch.close();
  });

  test("by throwing synchronously is closed", async () => {
    const world = createWorld();
    const check = (): never => {
      throw new Error("x");
    };
    const watch = world.watch({ name: "bad", check });
    expect(await watch.observe(never)).toMatchObject(closedByError);
    watch.close();
  });

  test("by taking over 2 s is closed, and its signal is aborted", async () => {
    const world = createWorld();
    world.manual = true;
    const watch = world.watch();
    const observation = watch.observe(never);
    await world.clock.advance(1999);
    expect(world.started[0]?.signal.aborted).toBe(false);
    await world.clock.advance(1);
    expect(await observation).toMatchObject(closedByError);
    expect(world.started[0]?.signal.aborted).toBe(true);
    watch.close();
  });

  test("of this library may take two requests of 1 s each, and is not told to be corrected", async () => {
    const world = createWorld();
    const at = async (ms: number, body: string) => {
      await world.clock.sleep(ms);
      return { status: 200, server: undefined, body };
    };
    const probe: HttpProbe = async (url) => await at(url.endsWith("/healthz") ? 985 : 60_000, "Active");
    const where = { url: "http://10.240.0.4:8085/healthz", metadataUrl: "http://169.254.169.254" };
    const watch = world.watch(createNmiGate(where, { clock: world.clock, probe }));
    const observation = watch.observe(never);
    await world.clock.advance(2_200); // and the process was busy in between
    expect(await observation).toMatchObject({ reason: "route-unreachable" });
    watch.close();
    const hung = Object.assign(
      { name: "own", check: () => new Promise<never>(() => undefined) },
      { [GATE_KEY]: "x" },
    );
    const other = world.watch(hung);
    const failed = other.observe(never);
    await world.clock.advance(2_500);
    expect(await failed).toMatchObject({ ...closedByError, detail: "its check took more than 2.5 s" });
    expect(JSON.stringify(await failed)).not.toContain("Correct the gate");
    other.close();
  });

  test.each([5, null, "open", {}, { state: "ajar", reason: "x" }, { state: "open" }])(
    "by returning %j is closed",
    async (value) => {
      const world = createWorld();
      world.manual = true;
      const watch = world.watch();
      const observation = watch.observe(never);
      world.started[0]?.finish(value);
      expect(await observation).toMatchObject(closedByError);
      watch.close();
    },
  );

  test("is asked again, and open when it has recovered", async () => {
    const world = createWorld();
    world.manual = true;
    const watch = world.watch();
    world.started[0]?.fail(new Error("x"));
    world.manual = false;
    await world.clock.advance(1000);
    expect(watch.latest()?.state).toBe("open");
    watch.close();
  });

  test("by ignoring its signal has one such check beside the next, and recovers", async () => {
    const world = createWorld();
    const finish: ((observation: GateObservation) => void)[] = [];
    const check = async (): Promise<GateObservation> => await new Promise((resolve) => finish.push(resolve));
    const watch = world.watch({ name: "deaf", check });
    await world.clock.advance(60_000);
    expect(finish).toHaveLength(2);
    expect(watch.latest()).toMatchObject(closedByError);
    finish[0]?.({ state: "open", reason: "custom:x", observedAt: 0 });
    await world.clock.advance(1000);
    finish[2]?.({ state: "open", reason: "custom:x", observedAt: 0 });
    await world.clock.advance(0);
    expect(watch.latest()).toMatchObject({ state: "open", reason: "custom:x" });
    watch.close();
  });

  test("does not get a token into its observation", async () => {
    const world = createWorld();
    world.manual = true;
    const watch = world.watch();
    const observation = watch.observe(never);
    const token = "x".repeat(50);
    world.started[0]?.finish({ state: "closed", reason: "custom:x", detail: token, remedy: token });
    expect(JSON.stringify(await observation)).not.toContain(token);
    watch.close();
  });

  test("keeps a closed state that is for good", async () => {
    const world = createWorld();
    world.manual = true;
    const watch = world.watch();
    const observation = watch.observe(never);
    const given = {
      state: "closed",
      reason: "custom:x",
      permanent: true,
      remedy: "r",
      detail: "d",
      observedAt: 5,
    };
    world.started[0]?.finish(given);
    expect(await observation).toEqual(given);
    watch.close();
  });
});

describe("cancellation", () => {
  test.each(["observe", "observeAfresh"] as const)(
    "%s rejects one caller and disturbs no other",
    async (method) => {
      const world = createWorld();
      world.manual = true;
      const watch = world.watch();
      const control = new AbortController();
      const aborted = watch[method](control.signal);
      const other = watch[method](never);
      control.abort("enough");
      await expect(aborted).rejects.toBe("enough");
      world.manual = false;
      for (const { finish } of world.started) finish();
      expect((await other).state).toBe("open");
      watch.close();
    },
  );

  test.each(["observe", "observeAfresh"] as const)(
    "%s with an aborted signal starts nothing",
    async (method) => {
      const world = createWorld();
      const watch = world.watch();
      await world.clock.advance(2000);
      await expect(watch[method](AbortSignal.abort("no"))).rejects.toBe("no");
      expect(world.at()).toEqual([0]);
      watch.close();
    },
  );

  test("no listener is left on a signal, whatever happened", async () => {
    const world = createWorld();
    world.manual = true;
    const watch = world.watch();
    const [done, cut, closed] = [new AbortController(), new AbortController(), new AbortController()];
    const first = watch.observe(done.signal);
    const second = watch.observe(cut.signal);
    cut.abort("enough");
    await expect(second).rejects.toBe("enough");
    world.started[0]?.finish();
    await first;
    const third = watch.observeAfresh(closed.signal);
    watch.close();
    await expect(third).rejects.toMatchObject({ code: "ERR_GUARD_CLOSED" });
    for (const { signal } of [done, cut, closed]) expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});

describe("listeners", () => {
  test("hear every completed check, also unchanged ones, until they undo it", async () => {
    const world = createWorld();
    const watch = world.watch();
    const listener = vi.fn();
    const undo = watch.onObservation(listener);
    await world.clock.advance(10_000);
    expect(listener).toHaveBeenCalledTimes(3);
    undo();
    undo();
    await world.clock.advance(10_000);
    expect(listener).toHaveBeenCalledTimes(3);
    watch.close();
  });

  test("one that throws disturbs neither the others nor the polling", async () => {
    const world = createWorld();
    const [one, other] = [world.watch(), world.watch()];
    const listener = vi.fn();
    one.onObservation(() => {
      throw new Error("x");
    });
    one.onObservation(listener);
    other.onObservation(listener);
    await world.clock.advance(5000);
    expect(listener).toHaveBeenCalledTimes(4);
    one.close();
    other.close();
  });

  test("the same function twice is two listeners", async () => {
    const world = createWorld();
    const watch = world.watch();
    const listener = vi.fn();
    const undo = watch.onObservation(listener);
    watch.onObservation(listener);
    undo();
    await world.clock.advance(0);
    expect(listener).toHaveBeenCalledTimes(1);
    watch.close();
  });
});

describe("close", () => {
  test("of the last user stops polling, aborts the check and leaves nothing", async () => {
    const world = createWorld();
    world.manual = true;
    const [one, other] = [world.watch(), world.watch()];
    one.close();
    expect(world.started[0]?.signal.aborted).toBe(false);
    other.close();
    expect(world.started[0]?.signal.aborted).toBe(true);
    expect(world.registry.watchers.size).toBe(0);
    await world.clock.advance(60_000);
    expect(world.started).toHaveLength(1);
    expect(world.clock.pending).toBe(0);
  });

  test("twice is once", async () => {
    const world = createWorld();
    const [one, other] = [world.watch(), world.watch()];
    one.close();
    one.close();
    await world.clock.advance(5000);
    expect(world.at()).toEqual([0, 5000]);
    other.close();
  });

  test("rejects those who wait by it, and those who come later, and nobody else", async () => {
    const world = createWorld();
    world.manual = true;
    const [one, other] = [world.watch(), world.watch()];
    const waiting = one.observe(never);
    const elsewhere = other.observe(never);
    one.close();
    await expect(waiting).rejects.toMatchObject({ code: "ERR_GUARD_CLOSED" });
    await expect(one.observe(never)).rejects.toMatchObject({ code: "ERR_GUARD_CLOSED" });
    world.started[0]?.finish();
    expect((await elsewhere).state).toBe("open");
    other.close();
  });

  test("a gate that is watched again afterwards has a new watcher", async () => {
    const world = createWorld();
    world.watch().close();
    const watch = world.watch();
    expect(watch.latest()).toBeUndefined();
    await watch.observe(never);
    expect(watch.latest()?.state).toBe("open");
    watch.close();
  });

  test("from within a listener ends everything", async () => {
    const world = createWorld();
    const watch = world.watch();
    watch.onObservation(() => watch.close());
    await world.clock.advance(60_000);
    expect(world.at()).toEqual([0]);
    expect(world.clock.pending).toBe(0);
  });
});
