import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatDuration, parseDuration } from "../../src/config/duration.js";

describe("parseDuration", () => {
  test.each([
    ["80s", 80_000],
    ["800ms", 800],
    ["1m20s", 80_000],
    ["2h", 7_200_000],
    ["1.5s", 1_500],
    ["1.001s", 1_001],
    ["1h2m3s4ms", 3_723_004],
    ["0s", 0],
    [" 5s ", 5_000],
  ])("reads %j as %d ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each([
    "",
    " ",
    "80",
    "0",
    "s",
    "-5s",
    "+5s",
    "5 s",
    "5S",
    "5d",
    "20s1m",
    "5s5s",
    "1e3s",
    ".5s",
    "5.s",
    "NaNs",
    "9".repeat(50) + "s",
  ])("refuses %j", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});

describe("formatDuration", () => {
  test.each([
    [80_000, "1m20s"],
    [800, "800ms"],
    [0, "0s"],
    [7_200_000, "2h"],
    [73_720, "1m13s720ms"],
    [1.4, "1ms"],
    [Number.NaN, "NaN"],
    [-1, "-1"],
  ])("writes %d ms as %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  test("writes every whole number of milliseconds so that it is read back unchanged", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
  });
});
