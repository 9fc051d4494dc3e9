import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keepsTheBudget, servesTokensInHand } from "./invariants.js";
import { judge } from "./judged.js";
import { managedWorld } from "./managed-world.js";
import { always, TIMEOUT_MS } from "./runs.js";
import { phase, RETRIES, schedule, type CallPlan, type Phase } from "./schedule.js";

const FIRST: CallPlan = { at: 0, instance: 0, scope: 0, kind: "getToken", cae: false };

/** A token of 200 s comes at once; whatever happens then, calls come until it has 30 s left, most of them late. */
const outage = fc
  .record({
    whole: schedule,
    retries: fc.array(fc.nat(RETRIES.length - 1), { minLength: 4, maxLength: 4 }),
    after: fc.array(phase, { minLength: 1, maxLength: 5 }),
    times: fc.array(
      fc.oneof(fc.integer({ min: 1_000, max: 170_000 }), fc.integer({ min: 150_000, max: 170_000 })),
      {
        minLength: 1,
        maxLength: 8,
      },
    ),
  })
  .map(({ whole, retries, after, times }) => {
    const good: Phase = { ms: 500, health: "active", route: "nmi", answer: "right-minutes", latencyMs: 0 };
    const calls = times.map((at, index) => ({ ...FIRST, at, instance: index % 4 }));
    return { ...whole, retries, phases: [good, ...after], calls: [FIRST, ...calls], jumps: [], closes: [] };
  });

const INVARIANTS = {
  "is served to every call while it has 30 s to live": servesTokensInHand,
  "keeps no call longer than its budget": keepsTheBudget,
};

describe("a token in hand, during an outage of any kind,", () => {
  const violations = judge(INVARIANTS, managedWorld);

  it.each(Object.keys(INVARIANTS))("%s", { timeout: TIMEOUT_MS }, async (name) => {
    await always(outage, async (value) => {
      expect((await violations(value))[name]).toBeUndefined();
    });
  });
});
