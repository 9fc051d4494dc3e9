import { setTimeout as realTime } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { TokenCredential } from "@azure/core-auth";
import { expect, test, vi } from "vitest";
import { resolveOptions, type GuardOptions } from "../../src/config/options.js";
import { createGuard } from "../../src/guard/guard.js";
import { RIGHT, SCOPE, unsignedToken, World } from "./world.js";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

async function isForgotten(world: World): Promise<boolean> {
  for (let round = 0; round < 50; round++) {
    await realTime(5);
    collectGarbage();
    const states = [...world.ports.registry.states.values()];
    if (states.every((state) => state.deref() === undefined)) return true;
  }
  return false;
}

function guardAndForget(world: World, options: GuardOptions): void {
  const wrapped: TokenCredential = {
    getToken: async () => {
      const expiresOnTimestamp = world.clock.now() + 3_600_000;
      return await Promise.resolve({ token: unsignedToken(RIGHT, expiresOnTimestamp), expiresOnTimestamp });
    },
  };
  createGuard(wrapped, resolveOptions(options, {}, { gate: "none", expect: "none" }), world.ports);
}

const open = { state: "open", reason: "custom:open", observedAt: 0 } as const;
const gate = { name: "open", check: async () => await Promise.resolve(open) };

test.each<[string, GuardOptions]>([
  ["without a gate", {}],
  ["with a gate, whose watch ends", { gate }],
  ["with warm-up scopes", { warmUpScopes: [SCOPE] }],
])("a wrapped credential %s that nobody closed is collected", async (_name, options) => {
  const world = new World();
  guardAndForget(world, options);
  await world.clock.advance(10_000);
  expect(await isForgotten(world)).toBe(true);
  // And so are its entry and its name, which the next one may have.
  await vi.waitFor(() => {
    const { states, names } = world.ports.registry;
    expect([states.size, names.size]).toEqual([0, 0]);
  });
  await world.clock.advance(120_000);
  expect(world.clock.pending).toBe(0);
});
