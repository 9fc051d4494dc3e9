import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fitSchedule, type RetrySchedule } from "../../src/retry/retry-budget.js";
import { fastClock, managedInstance, portsOf } from "./managed-world.js";
import { Plane } from "./plane.js";
import { always, TIMEOUT_MS } from "./runs.js";
import type { AnswerKind, Phase } from "./schedule.js";
import { RIGHT } from "./tokens.js";

/** Failures that stay transient, however long they last. */
const TRANSIENT = [
  "hang",
  "reset",
  "410",
  "429",
  "429-retry-after-3",
  "503-retry-after-20",
  "403-embedded-429",
  "404-created",
  "wrong-oid",
  "expired",
  "garbage-echo",
] as const satisfies readonly AnswerKind[];

const milliseconds = (max: number): fc.Arbitrary<number> =>
  fc.oneof(fc.integer({ min: 1, max }), fc.double({ min: 1, max, noNaN: true }));

/** What a caller gives; every field may be left open. */
const given: fc.Arbitrary<Partial<RetrySchedule>> = fc.record(
  {
    budgetMs: fc.oneof(fc.constant(80_000), milliseconds(200_000)),
    minRetries: fc.nat(6),
    delayMs: fc.oneof(fc.constant(800), milliseconds(6_000)),
    maxDelayMs: fc.oneof(fc.constant(5_000), milliseconds(12_000)),
    attemptTimeoutMs: fc.oneof(fc.constant(15_000), milliseconds(40_000)),
  },
  { requiredKeys: [] },
);

const attempts = fc.array(
  fc.record({
    answer: fc.oneof(
      { weight: 2, arbitrary: fc.constant("hang" as const) },
      { weight: 3, arbitrary: fc.constantFrom(...TRANSIENT) },
    ),
    latencyMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20_000 })),
  }),
  { minLength: 1, maxLength: 6 },
);

const chances = fc.array(fc.constantFrom(0, 0.5, 0.999_999), { minLength: 1, maxLength: 3 });

describe("a schedule that was accepted", () => {
  it(
    "lets the first attempt and minRetries more start inside the budget, however attempts fail",
    { timeout: TIMEOUT_MS },
    async () => {
      await always(fc.tuple(given, attempts, chances), async ([retry, planned, drawn]) => {
        const fitted = fitSchedule(retry);
        fc.pre("schedule" in fitted);
        const clock = fastClock();
        const open: Phase = { ms: 0, health: "active", route: "nmi", answer: "hang", latencyMs: 0 };
        const plane = new Plane(clock, [open]);
        plane.phase = () => ({ ...open, ...planned[plane.requests.length % planned.length] });
        const { credential, options } = managedInstance(
          { retry, expect: { objectId: RIGHT } },
          portsOf(clock, plane, drawn),
        );
        const { budgetMs, minRetries } = options.retry;
        let endedAt: number | undefined;
        const call = credential.getToken("https://vault.azure.net/.default").then(
          () => (endedAt = clock.elapsed()),
          () => (endedAt = clock.elapsed()),
        );
        await clock.advance(budgetMs);
        await call;
        const last = plane.requests.at(-1);
        // An answer may ask to wait until after the budget, which ends the call at once.
        const cutOff = (endedAt ?? 0) < budgetMs && (endedAt ?? 0) + (last?.retryAfterMs ?? 0) > budgetMs;
        if (!cutOff) {
          const within = plane.requests.filter(({ start }) => start.at <= budgetMs).length;
          expect(within).toBeGreaterThanOrEqual(1 + minRetries);
        }
        await credential.close();
        expect(clock.pending).toBe(0);
      });
    },
  );
});
