import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  fitSchedule,
  latestStartMs,
  neededMs,
  RETRY_DEFAULTS,
  retryDelayMs,
  retryMarginMs,
  throttleDelayMs,
} from "../../src/retry/retry-budget.js";

describe("fitSchedule", () => {
  it("needs 73.72 s of 80 s with the defaults", () => {
    expect(fitSchedule({})).toEqual({ schedule: RETRY_DEFAULTS });
    expect(neededMs(RETRY_DEFAULTS)).toBeCloseTo(73_720);
  });

  it.each([12_000, 20_000, 1_000, 100])("shrinks what was left open to fit a budget of %i ms", (budgetMs) => {
    const fitted = fitSchedule({ budgetMs });
    expect(fitted).toHaveProperty("schedule.minRetries", 4);
    if ("schedule" in fitted) expect(neededMs(fitted.schedule)).toBeLessThanOrEqual(budgetMs);
  });

  it("shrinks the attempt timeout for more retries in the same budget", () => {
    const fitted = fitSchedule({ minRetries: 8 });
    expect(fitted).toHaveProperty("schedule.attemptTimeoutMs");
    if ("schedule" in fitted) expect(fitted.schedule.attemptTimeoutMs).toBeLessThan(15_000);
  });

  it.each([
    ["an attempt timeout that fills the budget", { budgetMs: 10_000, attemptTimeoutMs: 9_000 }],
    ["delays that fill the budget", { budgetMs: 10_000, delayMs: 5_000, maxDelayMs: 5_000 }],
    ["a first delay over the largest", { delayMs: 2_000, maxDelayMs: 1_000 }],
    ["more retries than fit in any way", { budgetMs: 1_000, minRetries: 1_000 }],
  ])("refuses %s", (_name, given) => {
    expect(fitSchedule(given)).toHaveProperty("problem");
  });

  it("keeps explicit values, and its retries fit whatever was given", () => {
    const optional = (min: number, max: number): fc.Arbitrary<number | undefined> =>
      fc.option(fc.integer({ min, max }), { nil: undefined });
    const given = fc.record({
      budgetMs: optional(1, 600_000),
      minRetries: optional(0, 30),
      delayMs: optional(0, 30_000),
      maxDelayMs: optional(0, 60_000),
      attemptTimeoutMs: optional(1, 200_000),
    });
    fc.assert(
      fc.property(given, (values) => {
        const explicit = Object.fromEntries(
          Object.entries(values).filter(([, value]) => value !== undefined),
        );
        const fitted = fitSchedule(explicit);
        if ("problem" in fitted) return;
        expect(fitted.schedule).toMatchObject(explicit);
        expect(neededMs(fitted.schedule)).toBeLessThanOrEqual(fitted.schedule.budgetMs);
        expect(fitted.schedule.attemptTimeoutMs).toBeGreaterThan(0);
      }),
    );
  });
});

describe("retryDelayMs", () => {
  it.each([
    [1, 640, 960],
    [2, 1_280, 1_920],
    [3, 2_560, 3_840],
    [4, 5_000, 5_000],
    [5_000, 5_000, 5_000],
  ])("after failure %i is between %i and %i ms", (failures, least, most) => {
    expect(retryDelayMs(RETRY_DEFAULTS, failures, () => 0)).toBeCloseTo(least);
    expect(retryDelayMs(RETRY_DEFAULTS, failures, () => 1)).toBeCloseTo(most);
  });

  it("is 10 to 20 s after throttling", () => {
    expect([throttleDelayMs(() => 0), throttleDelayMs(() => 1)]).toEqual([10_000, 20_000]);
  });
});

describe("latestStartMs", () => {
  it("leaves room for every retry that is still owed", () => {
    const starts = [0, 1, 2, 3, 4, 9].map((seen) => Math.round(latestStartMs(RETRY_DEFAULTS, seen)));
    expect(starts).toEqual([6_280, 22_240, 39_160, 58_000, 78_000, 78_000]);
  });

  it("keeps a margin of 2 s, or of a fortieth of a short budget", () => {
    expect([retryMarginMs(80_000), retryMarginMs(600_000), retryMarginMs(12_000)]).toEqual([
      2_000, 2_000, 300,
    ]);
  });
});
