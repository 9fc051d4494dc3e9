import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fastClock, managedInstance, portsOf, RESOURCES } from "./managed-world.js";
import { Plane } from "./plane.js";
import { always, RUNS, TIMEOUT_MS } from "./runs.js";
import type { Phase } from "./schedule.js";

/** Keys that a cache remembers at most. */
const MAX_KEYS = 500;
const WARM = `${RESOURCES[0]}/.default`;

const GOOD: Phase = { ms: 0, health: "active", route: "nmi", answer: "right", latencyMs: 0 };

const flood = fc.record({
  /** How many scopes are asked for at once, time after time. */
  batches: fc.constantFrom([520], [520, 1], [30, 520], [520, 30]),
  answer: fc.constantFrom<Phase["answer"]>("right", "right", "hang", "400-multiple", "opaque"),
  latencyMs: fc.constantFrom(0, 2_000),
  health: fc.constantFrom<Phase["health"]>("active", "active", "refused"),
});

describe("with more scopes than anybody needs,", () => {
  it(
    "the cache stays bounded, warm-up keeps its token, and close() ends everything",
    { timeout: TIMEOUT_MS },
    async () => {
      await always(
        flood,
        async ({ batches, answer, latencyMs, health }) => {
          const clock = fastClock();
          const plane = new Plane(clock, [
            { ...GOOD, ms: 1_000 },
            { ...GOOD, answer, latencyMs, health },
          ]);
          const ports = portsOf(clock, plane, [0.5]);
          const { credential } = managedInstance({ warmUpScopes: [WARM] }, ports);
          const state = [...ports.registry.states.values()].map((weak) => weak.deref())[0];
          await clock.advance(1_000);
          const warm = (await credential.getToken(WARM)).token;
          let ended = 0;
          let begun = 0;
          const ask = (): void => {
            begun++;
            const over = (): void => {
              ended++;
            };
            credential.getToken(`https://resource-${begun}/.default`).then(over, over);
          };
          for (const size of batches) {
            for (let asked = 0; asked < size; asked++) ask();
            await clock.advance(80_000);
            expect(ended).toBe(begun);
            // An attempt in flight may outlive its callers. Then nothing holds a key: the next one makes room again.
            await clock.advance(15_000);
            ask();
            expect([...(state?.cache.entries() ?? [])].length).toBeLessThanOrEqual(MAX_KEYS);
            expect(state?.health.snapshot().history.length).toBeLessThanOrEqual(500);
          }
          let served = "nothing, since its key made room";
          void credential.getToken(WARM).then(
            ({ token }) => (served = token),
            () => undefined,
          );
          await turn();
          expect(served).toBe(warm);
          expect(plane.requests.filter(({ resource }) => resource === RESOURCES[0]).length).toBe(1);
          ask();
          await credential.close();
          await turn();
          expect(ended).toBe(begun);
          expect(clock.pending).toBe(0);
          expect([...(state?.cache.entries() ?? [])]).toEqual([]);
        },
        { runs: Math.max(5, Math.ceil(RUNS / 100)) },
      );
    },
  );

  it.each([
    ["waiting for the gate", {}],
    [
      "being warmed up",
      { gate: "none", warmUpScopes: [...Array(15).keys()].map((n) => `https://warm-${n}/.default`) },
    ],
  ] as const)("Node.js has no leak of listeners to warn of, while many are %s", async (_name, given) => {
    const warnings: string[] = [];
    const listen = (warning: Error): void => void warnings.push(warning.name);
    process.on("warning", listen);
    const clock = fastClock();
    const plane = new Plane(clock, [{ ...GOOD, health: "slow" }]);
    const { credential } = managedInstance(given, portsOf(clock, plane, [0.5]));
    for (let asked = 0; asked < 15; asked++)
      credential.getToken(`https://resource-${asked}/.default`).catch(() => undefined);
    await clock.advance(70_000);
    await credential.close();
    await turn();
    process.off("warning", listen);
    expect(warnings).toEqual([]);
  });
});
