import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { resolveOptions } from "../../src/config/options.js";
import { createGuard } from "../../src/guard/guard.js";
import { unguarded } from "../../src/guard/make-guarded.js";
import { drainAll, keepHealthFile, monitorsOf, processPasses } from "../../src/guard/process-health.js";
import { stateFor } from "../../src/guard/state-registry.js";
import type { HealthMonitor } from "../../src/health/health-monitor.js";
import { processEvents } from "../../src/process-events.js";
import { RIGHT, SCOPE, World, WRONG, refused, tokenAnswer } from "./world.js";

const names = (world: World): string[] =>
  monitorsOf(world.ports.registry).map((monitor) => monitor.snapshot().name);

describe("the credentials of a process", () => {
  it("are found whatever made them, each under a name of its own", () => {
    const world = new World();
    const credentials = [
      world.credential(),
      world.credential({}, undefined, { clientId: "one" }),
      world.credential({ health: { name: "orders" } }, undefined, { clientId: "two" }),
      world.credential(),
    ];
    // The first and the last share everything, and so are one.
    expect(names(world)).toEqual(["ManagedIdentityCredential", "ManagedIdentityCredential-2", "orders"]);
    expect(credentials).toHaveLength(4);
  });

  it("give a name back when they are closed", async () => {
    const world = new World();
    const first = world.credential();
    const second = world.credential({}, undefined, { clientId: "one" });
    await first.close();
    expect(names(world)).toEqual(["ManagedIdentityCredential-2"]);
    const third = world.credential({}, undefined, { clientId: "two" });
    expect(names(world)).toEqual(["ManagedIdentityCredential-2", "ManagedIdentityCredential"]);
    await Promise.all([second.close(), third.close()]);
  });

  it("are ready with none, not ready once the last was closed, and start anew with the next", async () => {
    const world = new World();
    const { registry } = world.ports;
    expect(processPasses(registry, "ready")).toBe(true);
    const credential = world.credential();
    expect(processPasses(registry, "ready")).toBe(false);
    await world.clock.advance(1_000);
    expect(processPasses(registry, "ready")).toBe(true);
    await credential.close();
    expect(monitorsOf(registry).map((monitor) => monitor.snapshot().state)).toEqual(["closed"]);
    expect(processPasses(registry, "ready")).toBe(false);
    world.credential();
    // Not held beyond that: it would be looked at again once the new one is forgotten.
    expect(registry.lastClosed).toBeUndefined();
    await world.clock.advance(1_000);
    expect(processPasses(registry, "ready")).toBe(true);
  });

  it("are waited for where one is to come, by startup and readiness, until one was made and not only tried", async () => {
    const world = new World();
    const { registry } = world.ports;
    registry.awaited = true;
    const passes = (): readonly boolean[] =>
      (["startup", "ready", "live"] as const).map((probe) => processPasses(registry, probe));
    expect(passes()).toEqual([false, false, true]);
    const refused = (): never => {
      throw new Error("refused at construction");
    };
    expect(() => stateFor("a key", refused, world.ports, { keep: false })).toThrow("refused");
    expect(passes()).toEqual([false, false, true]);
    await using _made = world.credential();
    await world.clock.advance(1_000);
    expect(passes()).toEqual([true, true, true]);
    expect(registry.awaited).toBe(false);
  });

  it("that are none yet are drained, too", () => {
    const { registry } = new World().ports;
    drainAll(registry);
    expect(processPasses(registry, "ready")).toBe(false);
    expect(processPasses(registry, "live") && processPasses(registry, "startup")).toBe(true);
  });

  it("are drained all together, those of later included", async () => {
    const world = new World();
    world.credential();
    await world.clock.advance(1_000);
    drainAll(world.ports.registry);
    world.credential({}, undefined, { clientId: "later" });
    const states = monitorsOf(world.ports.registry).map((monitor) => monitor.snapshot());
    expect(states.map(({ state, probes }) => [state, probes.ready, probes.live])).toEqual([
      ["drained", false, true],
      ["drained", false, true],
    ]);
  });
});

describe("the health file of the process", () => {
  let folder = "";
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "process-health-"))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("follows the gate at once, in both directions", async () => {
    const path = join(folder, "ready");
    const world = new World();
    keepHealthFile(path, world.ports.registry, world.ports, processEvents);
    // Nobody to wait for yet: probes of a process without a guarded credential pass.
    expect(existsSync(path)).toBe(true);
    world.health = refused;
    const credential = world.credential();
    // At once: until the gate was seen open, nobody knows.
    expect(existsSync(path)).toBe(false);
    await world.clock.advance(1_000);
    expect(existsSync(path)).toBe(false);
    world.health = () => ({ status: 200, server: undefined, body: "Active" });
    await world.clock.advance(1_000);
    expect(existsSync(path)).toBe(true);
    world.health = refused;
    await world.clock.advance(5_000);
    expect(existsSync(path)).toBe(false);
    await credential.close();
    for (const file of world.ports.registry.files.values()) file.close();
  });
});

describe("the health file", () => {
  let folder = "";
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "process-health-"))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const wrapped = { getToken: async () => await Promise.resolve(null) };

  it.each<[string, (world: World, health: { file: string }) => unknown]>([
    ["a managed identity", (world, health) => world.credential({ gate: "none", health }, {})],
    [
      "guard(x)",
      (world, health) => {
        const options = resolveOptions({ health }, {}, { gate: "none", expect: "none" });
        return createGuard(wrapped, options, world.ports);
      },
    ],
    ["an unguarded credential", (world, health) => unguarded(world.context({ health }, {}), wrapped)],
  ])("is kept for %s", (_what, make) => {
    const world = new World();
    const file = join(folder, "ready");
    make(world, { file });
    expect(existsSync(file)).toBe(true);
    for (const each of world.ports.registry.files.values()) each.close();
    expect(existsSync(file)).toBe(false);
  });
});

describe("what a credential counts", () => {
  it("is what happened", async () => {
    const world = new World();
    world.token = (n) => tokenAnswer(world.clock.now(), n === 1 ? { oid: WRONG } : {});
    const credential = world.credential({ expect: { objectId: RIGHT } });
    const acquired = credential.getToken(SCOPE);
    await world.clock.advance(10_000);
    await acquired;
    for (let hit = 0; hit < 5; hit++) await credential.getToken(SCOPE);
    const { metrics, history } = credential.health.snapshot();
    expect(metrics).toMatchObject({
      attempts: [
        { outcome: "rejected", reason: "identity-mismatch", count: 1 },
        { outcome: "token", reason: "none", count: 1 },
      ],
      retries: 1,
      rejected: [{ reason: "identity-mismatch", count: 1 }],
      acquisitions: [{ outcome: "token", count: 1 }],
      cacheHits: 5,
    });
    const ended = history.find((event) => event.type === "acquisition");
    expect(ended).toMatchObject({ key: "https://vault.azure.net", outcome: "token", attempts: 2 });
    expect(metrics.acquisitions[0]?.sumMs).toBe(ended?.durationMs);
    await credential.close();
  });

  it("tells failed acquisitions from those that nobody waited for", async () => {
    const world = new World();
    world.health = refused;
    const credential = world.credential({ retry: { budgetMs: 10_000 } });
    const stop = new AbortController();
    const left = credential.getToken(SCOPE, { abortSignal: stop.signal }).catch(() => undefined);
    await world.clock.advance(1_000);
    stop.abort();
    await left;
    expect(credential.health.snapshot().metrics.acquisitions).toMatchObject([
      { outcome: "abandoned", count: 1 },
    ]);
    world.health = () => ({ status: 200, server: undefined, body: "Active" });
    world.token = () => ({ status: 403, body: "no" });
    const failed = credential.getToken(SCOPE).catch(() => undefined);
    await world.clock.advance(20_000);
    await failed;
    expect(credential.health.snapshot().metrics.acquisitions).toMatchObject([
      { outcome: "abandoned", count: 1 },
      { outcome: "failed", count: 1 },
    ]);
    await credential.close();
  });
});

describe("the channels of node:diagnostics_channel", () => {
  it("carry every event with the credential's name, and no token", async () => {
    const heard: { channel: string; message: object }[] = [];
    const listen = (message: unknown, name: string | symbol): void => {
      heard.push({ channel: String(name), message: message as object });
    };
    const channels = ["change", "gate", "attempt", "token", "rejected", "acquisition"].map(
      (event) => `azure-identity-guard:${event}`,
    );
    for (const name of channels) subscribe(name, listen);
    const world = new World();
    world.token = (n) => tokenAnswer(world.clock.now(), n === 1 ? { oid: WRONG } : {});
    const credential = world.credential({ expect: { objectId: RIGHT }, health: { name: "orders" } });
    const acquired = credential.getToken(SCOPE);
    await world.clock.advance(10_000);
    const { token } = await acquired;
    await credential.close();
    for (const name of channels) unsubscribe(name, listen);
    expect([...new Set(heard.map(({ channel }) => channel))].sort()).toEqual([...channels].sort());
    for (const { message } of heard) {
      expect(message).toMatchObject({ credential: "orders" });
      // One subscriber must not change what the next one sees.
      expect(Object.isFrozen(message)).toBe(true);
    }
    const said = JSON.stringify(heard);
    expect(said).not.toContain(token);
    expect(said).not.toContain(token.split(".")[1]);
  });
});

describe("an explicit target", () => {
  it("stays readable after it was closed", async () => {
    const world = new World();
    const credential = world.credential();
    const health: HealthMonitor = credential.health;
    await world.clock.advance(1_000);
    await credential.close();
    expect(health.snapshot()).toMatchObject({
      state: "closed",
      probes: { startup: false, ready: false, live: true },
    });
  });
});

describe("a key that nobody could get a token for", () => {
  it("counts for ten minutes after the last call, and then no more", async () => {
    const world = new World();
    world.token = () => ({ status: 400, body: '{"error":"invalid_resource"}', headers: {} });
    const credential = world.credential();
    const call = credential.getToken(SCOPE).catch(() => undefined);
    await world.clock.advance(90_000);
    await call;
    expect(credential.health.snapshot()).toMatchObject({
      state: "failing",
      probes: { ready: false, live: true },
    });
    await world.clock.advance(520_000);
    expect(credential.health.snapshot().state).toBe("ready");
    await credential.close();
  });
});
