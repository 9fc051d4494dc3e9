import { expect, test } from "vitest";
import type { GuardOptions } from "../../src/config/options.js";
import { RIGHT, SCOPE, tokenAnswer, World } from "./world.js";

const warm = (): GuardOptions => ({ gate: "none", expect: { objectId: RIGHT }, warmUpScopes: [SCOPE] });

test("without a gate, too, the start lasts until the warm-up scopes are verified", async () => {
  const world = new World();
  world.token = () => ({ status: 500, body: "no" });
  await using credential = world.credential(warm(), {});
  expect(credential.health.snapshot()).toMatchObject({ state: "starting", probes: { started: false } });
  await world.clock.advance(5_000);
  expect(credential.health.snapshot().state).toBe("starting");
  world.token = () => tokenAnswer(world.clock.now());
  await world.clock.advance(10_000);
  expect(credential.health.snapshot()).toMatchObject({ state: "ready", probes: { started: true } });
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
