import { expect, test } from "vitest";
import { resolveOptions } from "../../src/config/options.js";
import { createGuard } from "../../src/guard/guard.js";
import { outcome, RIGHT, SCOPE, tokenAnswer, unsignedToken, World } from "./world.js";

const ungated = { gate: "none", expect: { objectId: RIGHT } } as const;
const never = async (): Promise<never> => await new Promise<never>(() => undefined);

test("a missing binding is permanent after 10 s, although Retry-After puts 20 s between the attempts", async () => {
  const world = new World();
  const body = "no azure identity found for request clientID ";
  world.token = () => ({ status: 503, headers: { "retry-after": "20" }, body });
  await using credential = world.credential(ungated, {});
  const call = credential.getToken(SCOPE);
  call.catch(() => undefined);
  await world.clock.advance(45_000);
  expect(await outcome(call)).toHaveProperty("error.code", "ERR_GUARD_REJECTED");
});

test("close ends a call that waits for the refresh of a token with under 5 min of life", async () => {
  const world = new World();
  world.token = () => tokenAnswer(world.clock.now(), { lifeMs: 3_600_000 });
  const credential = world.credential(ungated, {});
  await using _other = world.credential(ungated, {});
  await credential.getToken(SCOPE);
  world.clock.jump(3_600_000 - 200_000);
  world.token = never;
  await world.clock.advance(2_000);
  const call = credential.getToken(SCOPE);
  call.catch(() => undefined);
  await world.clock.advance(100);
  expect(await outcome(call)).toBe("pending");
  await credential.close();
  expect(await outcome(call)).toHaveProperty("error.code", "ERR_GUARD_CLOSED");
});

test("a caller that waits for another's claims challenge and aborts is no waiter any more", async () => {
  const world = new World();
  world.token = never;
  await using credential = world.credential(ungated, {});
  const aborting = new AbortController();
  const calls = [
    credential.getToken(SCOPE),
    credential.getToken(SCOPE, { claims: "{}", abortSignal: aborting.signal }),
  ];
  for (const call of calls) call.catch(() => undefined);
  await world.clock.advance(10);
  expect(credential.health.snapshot().waiters).toBe(2);
  aborting.abort();
  await world.clock.advance(0);
  expect(credential.health.snapshot().waiters).toBe(1);
});

test("a token whose own refresh time is too late is refreshed 5 min before it ends", async () => {
  const world = new World();
  let serial = 0;
  const wrapped = {
    getToken: async () => {
      const expiresOnTimestamp = world.clock.now() + 3_600_000;
      const token = unsignedToken(RIGHT, expiresOnTimestamp, ++serial);
      return await Promise.resolve({
        token,
        expiresOnTimestamp,
        refreshAfterTimestamp: expiresOnTimestamp - 10_000,
      });
    },
  };
  const options = resolveOptions({}, {}, { gate: "none", expect: "none" });
  await using credential = createGuard(wrapped, options, world.ports);
  await credential.getToken(SCOPE);
  world.clock.jump(3_600_000 - 100_000);
  await world.clock.advance(5_000);
  await credential.getToken(SCOPE);
  await world.clock.advance(5_000);
  expect(serial).toBe(2);
});
