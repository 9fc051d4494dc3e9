import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isGuardError } from "../../src/errors.js";
import { fastClock, managedInstance, portsOf } from "./managed-world.js";
import { Plane } from "./plane.js";
import { always, RUNS, TIMEOUT_MS } from "./runs.js";
import { HEALTHS, phase, ROUTES, type Phase } from "./schedule.js";
import { RIGHT } from "./tokens.js";

const SCOPE = "https://vault.azure.net/.default";
const GOOD: Phase = { ms: 0, health: "active", route: "nmi", answer: "right", latencyMs: 0 };

const PERMANENT = ["ERR_GUARD_REJECTED", "ERR_GUARD_TOKEN_UNVERIFIABLE"] as const;

interface Outcome {
  readonly from: number;
  readonly at?: number;
  readonly error?: unknown;
}

/** A kind of trouble, and within what time of its end a waiting call has its token, but for the answer's own time. */
interface Trouble {
  readonly name: string;
  readonly phases: fc.Arbitrary<Phase>;
  readonly withinMs: number;
}

const trouble = (
  name: string,
  withinMs: number,
  some: { [Key in keyof Phase]?: fc.Arbitrary<Phase[Key]> },
): Trouble => ({
  name,
  withinMs,
  phases: fc.record({
    ms: fc.integer({ min: 1, max: 12_000 }),
    health: fc.constant(GOOD.health),
    route: fc.constant(GOOD.route),
    answer: fc.constant(GOOD.answer),
    latencyMs: fc.constant(0),
    ...some,
  }),
});

const CHECK_MS = 2_000;
const ATTEMPT_MS = 15_000;
const ROUND_TRIP_MS = 900;

const failing = fc.constantFrom<Phase["answer"]>(
  "reset",
  "404-created",
  "wrong-oid",
  "expired",
  "under-30s",
  "garbage-echo",
  "500-echo",
);

const TROUBLES: readonly Trouble[] = [
  trouble("2 s and the checks after only the gate was closed", 2_000 + CHECK_MS, {
    health: fc.constantFrom(...HEALTHS.filter((each) => each !== "active" && each !== "slow")),
  }),
  trouble("10 s and the checks after the route was lost", 10_000 + 1_000 + CHECK_MS, {
    route: fc.constantFrom(...ROUTES.filter((each) => each !== "nmi" && each !== "disguised")),
  }),
  trouble("one delay of 5 s after attempts failed", 5_000 + ROUND_TRIP_MS, {
    answer: failing,
    latencyMs: fc.integer({ min: 0, max: ROUND_TRIP_MS }),
  }),
  trouble("20 s after attempts were throttled", 20_000 + ROUND_TRIP_MS, {
    answer: fc.constantFrom("429", "410", "403-embedded-429"),
    latencyMs: fc.integer({ min: 0, max: ROUND_TRIP_MS }),
  }),
  trouble("one delay and the rest of an attempt after attempts hung", 5_000 + ATTEMPT_MS, {
    answer: fc.constantFrom("hang", "reset"),
    latencyMs: fc.integer({ min: 0, max: 20_000 }),
  }),
  {
    name: "the sum of all that after anything",
    withinMs: 20_000 + ATTEMPT_MS + 13_000 + CHECK_MS,
    phases: phase,
  },
];

describe("a call that waits while the plane becomes healthy for good", () => {
  it.each(TROUBLES)("has its token within $name", { timeout: TIMEOUT_MS }, async ({ phases, withinMs }) => {
    const runs = { runs: Math.ceil(RUNS / 5) };
    const cases = fc.record({
      before: fc.array(phases, { minLength: 1, maxLength: 4 }),
      at: fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 3 }),
      latencyMs: fc.integer({ min: 0, max: ROUND_TRIP_MS }),
      chances: fc.array(fc.constantFrom(0, 0.4, 0.999), { minLength: 1, maxLength: 3 }),
    });
    await always(
      cases,
      async ({ before, at, latencyMs, chances }) => {
        const clock = fastClock();
        const plane = new Plane(clock, [...before, { ...GOOD, latencyMs }]);
        const { credential } = managedInstance(
          { expect: { objectId: RIGHT } },
          portsOf(clock, plane, chances),
        );
        const healthyAt = before.reduce((sum, { ms }) => sum + ms, 0);
        const call = (): Outcome => {
          const outcome: Outcome = { from: clock.elapsed() };
          const end = (error?: unknown): void => void Object.assign(outcome, { at: clock.elapsed(), error });
          credential.getToken(SCOPE).then(() => end(), end);
          return outcome;
        };
        const waiting: Outcome[] = [];
        for (const from of [...at, healthyAt].sort((a, b) => a - b)) {
          await clock.advance(Math.max(0, from - clock.elapsed()));
          waiting.push(call());
        }
        const until = healthyAt + withinMs + latencyMs;
        await clock.advance(Math.max(0, until - clock.elapsed()));
        // Now a call needs nothing but an answer; one of before may have asked for time, which is not given for ever.
        const asked = plane.requests.some(({ retryAfterMs }) => retryAfterMs !== undefined);
        const late = call();
        await clock.advance(latencyMs + (asked ? 7_000 : 0));
        expect(late).toMatchObject({ at: expect.any(Number) as number, error: undefined });
        for (const each of waiting) {
          expect(each.at).toBeDefined();
          if (each.error === undefined || (each.at ?? 0) < healthyAt || each.from + 80_000 <= until) continue;
          // What was answered before may be permanent, or ask to wait beyond the budget.
          expect(asked || PERMANENT.some((code) => isGuardError(each.error, code)), inspect(each.error)).toBe(
            true,
          );
          expect(plane.requests.some(({ start, end }) => start.at < healthyAt && end !== undefined)).toBe(
            true,
          );
        }
        await credential.close();
        expect(clock.pending).toBe(0);
      },
      runs,
    );
  });
});
