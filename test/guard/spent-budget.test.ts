import { expect, test } from "vitest";
import { outcome, SCOPE, tokenAnswer, World } from "./world.js";

const never = async (): Promise<never> => await new Promise<never>(() => undefined);

test("a pod whose callers get no token is not ready, although each joins what the one before began", async () => {
  const world = new World();
  world.token = never;
  await using credential = world.credential({ gate: "none", retry: { budgetMs: 80_000 } }, {});
  const ready = (): boolean => credential.health.snapshot().probes.ready;
  for (let round = 0; round < 3; round += 1) {
    const call = credential.getToken(SCOPE);
    call.catch(() => undefined);
    await world.clock.advance(80_000);
    expect(await outcome(call)).toHaveProperty("error.code", "ERR_GUARD_BUDGET_SPENT");
    // The next one is there before the attempt in flight has ended.
    const next = credential.getToken(SCOPE);
    next.catch(() => undefined);
    await world.clock.advance(0);
    expect({ round, ready: ready(), state: credential.health.snapshot().state }).toEqual({
      round,
      ready: false,
      state: "failing",
    });
  }
  world.token = () => tokenAnswer(world.clock.now(), {});
  await world.clock.advance(60_000);
  expect(ready()).toBe(true);
});
