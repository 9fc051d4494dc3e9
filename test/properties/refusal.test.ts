import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isGuardError } from "../../src/errors.js";
import { fastClock, managedInstance, portsOf } from "./managed-world.js";
import { Plane } from "./plane.js";
import { always, RUNS, TIMEOUT_MS } from "./runs.js";
import type { Phase } from "./schedule.js";
import { RIGHT } from "./tokens.js";

const SCOPE = "https://vault.azure.net/.default";
/** The first delay, less its jitter. */
const DELAY_MS = 800 * 0.8;

const refusals = fc.record({
  latencyMs: fc.integer({ min: 0, max: 3_000 }),
  after: fc.array(fc.integer({ min: 0, max: DELAY_MS - 1 }), { minLength: 1, maxLength: 6 }),
  claims: fc.boolean(),
  chances: fc.array(fc.constantFrom(0, 0.5, 0.999), { minLength: 1, maxLength: 3 }),
});

describe("after a permanent failure", () => {
  it(
    "who asks within the first delay is told the same at once, and nothing is asked of the plane",
    { timeout: TIMEOUT_MS },
    async () => {
      await always(
        refusals,
        async ({ latencyMs, after, claims, chances }) => {
          const clock = fastClock();
          const opaque: Phase = { ms: 0, health: "active", route: "nmi", answer: "opaque", latencyMs };
          const plane = new Plane(clock, [opaque]);
          const { credential } = managedInstance(
            { expect: { objectId: RIGHT } },
            portsOf(clock, plane, chances),
          );
          const first = credential.getToken(SCOPE).catch((error: unknown) => error);
          await clock.advance(latencyMs);
          expect(isGuardError(await first, "ERR_GUARD_TOKEN_UNVERIFIABLE")).toBe(true);
          const refusedAt = clock.elapsed();
          for (const ms of after.toSorted((a, b) => a - b)) {
            await clock.advance(refusedAt + ms - clock.elapsed());
            let answer: unknown = "none yet";
            credential
              .getToken(SCOPE, claims ? { claims: "claims" } : {})
              .catch((error: unknown) => (answer = error));
            await clock.advance(0);
            expect(isGuardError(answer, "ERR_GUARD_TOKEN_UNVERIFIABLE")).toBe(true);
          }
          expect(plane.requests).toHaveLength(1);
          await credential.close();
        },
        { runs: Math.ceil(RUNS / 5) },
      );
    },
  );
});
