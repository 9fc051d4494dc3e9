import { expect, test } from "vitest";
import type { GuardOptions } from "../../src/config/options.js";
import { RIGHT, SCOPE, tokenAnswer, World, WRONG } from "./world.js";

const warm = (): GuardOptions => ({ gate: "none", expect: { objectId: RIGHT }, warmUpScopes: [SCOPE] });

test("without a gate, too, the start lasts until the warm-up scopes are verified", async () => {
  const world = new World();
  world.token = () => ({ status: 500, body: "no" });
  await using credential = world.credential(warm(), {});
  expect(credential.health.snapshot()).toMatchObject({ state: "starting", probes: { startup: false } });
  await world.clock.advance(5_000);
  expect(credential.health.snapshot().state).toBe("starting");
  world.token = () => tokenAnswer(world.clock.now());
  await world.clock.advance(10_000);
  expect(credential.health.snapshot()).toMatchObject({ state: "ready", probes: { startup: true } });
});

test("a Retry-After of years does not end warm-up", async () => {
  const world = new World();
  const years = { status: 503, headers: { "retry-after": "99999999" }, body: "no" };
  world.token = (n) => (n === 1 ? years : tokenAnswer(world.clock.now()));
  await using credential = world.credential(warm(), {});
  await world.clock.advance(299_000);
  expect(world.requests).toBe(1);
  await world.clock.advance(2_000);
  expect(credential.health.snapshot().state).toBe("ready");
});

test("warm-up does not repeat what a caller has refreshed", async () => {
  const world = new World();
  world.token = (n) => tokenAnswer(world.clock.now(), { serial: n });
  await using credential = world.credential(warm(), {});
  await world.clock.advance(30_000);
  const { refreshAfterTimestamp = 0 } = await credential.getToken(SCOPE);
  world.clock.jump(refreshAfterTimestamp - world.clock.now() + 1);
  await credential.getToken(SCOPE);
  await world.clock.advance(200_000);
  expect(world.requests).toBe(2);
});

test("while warm-up goes on, health says what comes of its attempts, until one succeeds", async () => {
  const world = new World();
  world.token = () => tokenAnswer(world.clock.now(), { oid: WRONG });
  await using credential = world.credential(warm(), {});
  const missed = (): string | undefined =>
    credential.health.snapshot().checks.find(({ name }) => name === "token")?.reason;
  expect(missed()).toBe("not-acquired");
  await world.clock.advance(5_000);
  expect(missed()).toBe("identity-mismatch");
  expect(credential.health.snapshot().keys[0]?.lastFailure).toMatchObject({ reason: "identity-mismatch" });
  world.token = () => tokenAnswer(world.clock.now());
  await world.clock.advance(10_000);
  expect(missed()).toBe("valid");
  expect(credential.health.snapshot().keys[0]?.lastFailure).toBeUndefined();
});

test("an attempt that fails is no reason to be unready, while its acquisition goes on", async () => {
  const world = new World();
  world.token = (n) => (n === 1 ? { status: 500, body: "no" } : tokenAnswer(world.clock.now()));
  await using credential = world.credential({ gate: "none", expect: { objectId: RIGHT } }, {});
  const call = credential.getToken(SCOPE);
  await world.clock.advance(100);
  expect(world.requests).toBe(1);
  expect(credential.health.snapshot()).toMatchObject({ state: "ready", probes: { ready: true } });
  await world.clock.advance(5_000);
  await call;
});
