import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { healthChecks, probeResults, type ProbePolicy } from "../../src/health/health-report.js";
import { initialHealth, nextHealth, type HealthFacts, type TokenFacts } from "../../src/health/health.js";
import { always, TIMEOUT_MS } from "./runs.js";

const token: fc.Arbitrary<TokenFacts> = fc.record(
  {
    name: fc.constantFrom("a", "b"),
    verified: fc.boolean(),
    usableUntil: fc.integer({ min: 0, max: 4_000_000 }),
    failure: fc.constant({ reason: "refused", message: "refused", meaning: "", remedy: "" }),
  },
  { requiredKeys: ["name", "verified"] },
);

const observation = fc.record({
  afterMs: fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: 1_200_000 })),
  facts: fc.record<HealthFacts>({
    gate: fc.constantFrom("none", "unknown", "open", "closed", "closed"),
    wanted: fc.array(token, { maxLength: 2 }),
    wantedAtStart: fc.boolean(),
    drained: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.boolean() }),
    closed: fc.oneof({ weight: 15, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.boolean() }),
  }),
});

const policy: fc.Arbitrary<ProbePolicy> = fc.record({
  livenessGraceMs: fc.oneof(
    fc.constant("never" as const),
    fc.constant(30_000),
    fc.integer({ min: 0, max: 90_000 }),
  ),
  readyWhileDegraded: fc.boolean(),
});

/** What probes are told after each observation, beside what was observed. */
function told(
  observations: readonly { readonly afterMs: number; readonly facts: HealthFacts }[],
  given: ProbePolicy,
) {
  let elapsed = 0;
  let health = initialHealth({ now: 0, elapsed: 0 });
  return observations.map(({ afterMs, facts }) => {
    elapsed += afterMs;
    const at = { now: elapsed, elapsed };
    health = nextHealth(health, facts, at);
    const checks = healthChecks(health, given, at);
    const { startup: started, ready, live } = probeResults(checks);
    return { facts, elapsed, state: health.state, checks, started, ready, live };
  });
}

describe("whatever is observed, in any order,", () => {
  it("who is ready has started", { timeout: TIMEOUT_MS }, async () => {
    await always(fc.tuple(fc.array(observation), policy), ([observations, given]) => {
      for (const step of told(observations, given)) expect(step.ready && !step.started).toBe(false);
    });
  });

  it("startup never begins again before the end", { timeout: TIMEOUT_MS }, async () => {
    await always(fc.tuple(fc.array(observation), policy), ([observations, given]) => {
      const steps = told(observations, given);
      const first = steps.findIndex(({ started }) => started);
      // `close()` ends it, and `drain()` may come before the start was over.
      for (const { state, started } of first < 0 ? [] : steps.slice(first)) {
        expect(started || state === "closed" || steps[first]?.state === "drained").toBe(true);
      }
    });
  });

  it(
    "liveness fails only while failing, after a start, with the gate closed for longer than the grace",
    { timeout: TIMEOUT_MS },
    async () => {
      await always(fc.tuple(fc.array(observation), policy), ([observations, given]) => {
        const steps = told(observations, given);
        steps.forEach((step, index) => {
          if (step.live) return;
          expect(step.state).toBe("failing");
          const before = steps.slice(0, index);
          // The start was over at some time, which needs a gate that was open, or none.
          expect(before.some(({ facts }) => facts.gate === "open" || facts.gate === "none")).toBe(true);
          const reopened = steps.slice(0, index + 1).findLastIndex(({ facts }) => facts.gate !== "closed");
          // And it has been failing all that time, in one spell.
          const spell = steps.slice(0, index + 1).findLastIndex(({ state }) => state !== "failing");
          const failingFor = step.elapsed - (steps[spell + 1]?.elapsed ?? step.elapsed);
          expect(failingFor).toBeGreaterThan(Number(given.livenessGraceMs));
          const closedFor = step.elapsed - (steps[reopened + 1]?.elapsed ?? step.elapsed);
          expect(closedFor).toBeGreaterThan(Number(given.livenessGraceMs));
        });
      });
    },
  );

  it("probes are a projection of the state", { timeout: TIMEOUT_MS }, async () => {
    await always(fc.tuple(fc.array(observation), policy), ([observations, given]) => {
      for (const { state, started, ready, live } of told(observations, given)) {
        expect(started).toBe(state !== "starting" && state !== "closed");
        if (state === "ready") expect(ready).toBe(true);
        else if (state !== "degraded") expect(ready).toBe(false);
        if (state !== "failing") expect(live).toBe(true);
      }
    });
  });

  it(
    "readiness needs an open gate, or good tokens in an outage where that was asked for",
    { timeout: TIMEOUT_MS },
    async () => {
      await always(fc.tuple(fc.array(observation), policy), ([observations, given]) => {
        for (const { ready, facts, elapsed } of told(observations, given)) {
          if (!ready) continue;
          const least = facts.gate === "open" || facts.gate === "none" ? 0 : 600_000;
          if (least > 0) expect(given.readyWhileDegraded && facts.wanted.length > 0).toBe(true);
          for (const { usableUntil } of facts.wanted)
            expect((usableUntil ?? 0) - elapsed).toBeGreaterThan(least);
        }
      });
    },
  );
});
