import { expect, test } from "vitest";
import { SCOPE, tokenAnswer, World } from "./world.js";

test("the last retry that fits is made, although its timer is a millisecond late", async () => {
  const world = new World();
  const exact = world.clock.sleep.bind(world.clock);
  world.clock.sleep = async (ms: number, signal?: AbortSignal) => await exact(ms + 1, signal);
  // Throttled: with a wait of 15 s each, the retry after the one at 75 s has to come at 78 s, or not at all.
  world.token = () =>
    world.clock.elapsed() < 77_000 ? { status: 410, body: "Gone" } : tokenAnswer(world.clock.now());
  await using credential = world.credential();
  const call = credential.getToken(SCOPE);
  call.catch(() => undefined);
  for (let second = 0; second < 82; second += 1) await world.clock.advance(1_000);
  await expect(call).resolves.toMatchObject({ tokenType: "Bearer" });
  expect(Math.max(...world.starts)).toBeLessThan(79_000);
});
