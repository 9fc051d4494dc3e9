import { describe, expect, it } from "vitest";
import { healthChecks, probeResults, type ProbePolicy } from "../../src/health/health-report.js";
import {
  initialHealth,
  nextHealth,
  type Health,
  type HealthFacts,
  type TokenFailure,
} from "../../src/health/health.js";

const policy: ProbePolicy = { livenessGraceMs: 30_000, readyWhileDegraded: false };
const at = (ms: number): { now: number; elapsed: number } => ({ now: 1_000_000 + ms, elapsed: ms });
const good = { name: "vault", verified: true, usableUntil: 100_000_000 };
const failure = (reason: string): TokenFailure => ({ reason, message: reason, meaning: "", remedy: "" });
const bad = { name: "vault", verified: true, usableUntil: 0, failure: failure("identity-mismatch") };
const facts: HealthFacts = {
  gate: "open",
  wanted: [good],
  wantedAtStart: false,
  drained: false,
  closed: false,
};

function moved(...steps: readonly [ms: number, facts: Partial<HealthFacts>][]): Health {
  return steps.reduce(
    (health, [ms, change]) => nextHealth(health, { ...facts, ...change }, at(ms)),
    initialHealth(at(0)),
  );
}

/** What probes say of a health, at a time of both clocks. */
const probesOf = (health: Health, given: ProbePolicy, moment: { now: number; elapsed: number }) =>
  probeResults(healthChecks(health, given, moment));
const isLive = (health: Health, given: ProbePolicy, elapsed: number): boolean =>
  probesOf(health, given, at(elapsed)).live;
const isReady = (health: Health, given: ProbePolicy, now: number): boolean =>
  probesOf(health, given, { now, elapsed: 0 }).ready;
const isStarted = (health: Health): boolean => probesOf(health, policy, at(0)).startup;

describe("nextHealth", () => {
  it.each<[string, Partial<HealthFacts>[], Health["state"]]>([
    ["is starting before the gate was seen", [{ gate: "unknown", wanted: [] }], "starting"],
    ["is starting while the gate has not opened", [{ gate: "closed", wanted: [] }], "starting"],
    [
      "is starting while a warm-up scope was never verified",
      [{ wantedAtStart: true, wanted: [{ name: "vault", verified: false, failure: failure("timeout") }] }],
      "starting",
    ],
    ["is ready with an open gate and nothing wanted", [{ wanted: [] }], "ready"],
    ["is ready without a gate", [{ gate: "none", wanted: [] }], "ready"],
    ["is degraded when the gate closes over valid tokens", [{}, { gate: "closed" }], "degraded"],
    ["fails when the gate closes and no token is there", [{}, { gate: "closed", wanted: [] }], "failing"],
    [
      "fails when the gate closes and one token is missing",
      [{}, { gate: "closed", wanted: [good, bad] }],
      "failing",
    ],
    ["fails when a wanted token is refused", [{}, { wanted: [good, bad] }], "failing"],
    ["recovers at the first good observation", [{}, { gate: "closed", wanted: [] }, {}], "ready"],
    ["never starts again", [{}, { gate: "unknown", wanted: [bad], wantedAtStart: true }], "failing"],
    ["is drained whatever else holds", [{}, { drained: true, gate: "closed" }], "drained"],
    ["is closed for good", [{}, { closed: true }, {}], "closed"],
  ])("%s", (_name, changes, state) => {
    expect(
      moved(...changes.map((change, index): [number, Partial<HealthFacts>] => [index * 1_000, change])).state,
    ).toBe(state);
  });

  it("keeps the time at which a state began", () => {
    expect(moved([0, {}], [5_000, {}], [9_000, {}]).since).toBe(at(0).now);
    expect(moved([0, {}], [5_000, { gate: "closed" }], [9_000, { gate: "closed" }]).since).toBe(
      at(5_000).now,
    );
  });
});

describe("probes", () => {
  const failingFor = (ms: number): boolean =>
    isLive(moved([0, {}], [1_000, { gate: "closed", wanted: [] }]), policy, 1_000 + ms);

  it("keep liveness for the grace, and fail it afterwards", () => {
    expect([failingFor(30_000), failingFor(30_001)]).toEqual([true, false]);
  });

  it("count the grace from the last time the gate was open", () => {
    const health = moved(
      [0, {}],
      [1_000, { gate: "closed", wanted: [] }],
      [20_000, {}],
      [21_000, { gate: "closed", wanted: [] }],
    );
    expect([isLive(health, policy, 50_000), isLive(health, policy, 52_000)]).toEqual([true, false]);
  });

  it("count the grace from when it began to fail, where tokens outlasted the gate for long", () => {
    const health = moved(
      [0, {}],
      [1_000, { gate: "closed" }],
      [500_000, { gate: "closed", wanted: [{ ...good, usableUntil: 0 }] }],
    );
    expect([isLive(health, policy, 530_000), isLive(health, policy, 530_001)]).toEqual([true, false]);
  });

  it.each<[string, Health]>([
    ["starting", moved([0, { gate: "closed", wanted: [] }])],
    ["degraded", moved([0, {}], [1_000, { gate: "closed" }])],
    ["a refused identity", moved([0, {}], [1_000, { wanted: [bad] }])],
  ])("never fail liveness for %s", (_name, health) => {
    expect(isLive(health, policy, 10_000_000)).toBe(true);
  });

  it("never fail liveness where a restart cannot help", () => {
    const health = moved([0, {}], [1_000, { gate: "closed", wanted: [] }]);
    expect(isLive(health, { ...policy, livenessGraceMs: "never" }, 10_000_000)).toBe(true);
  });

  it("hold readiness while degraded only where asked to, and with over 10 min of token left", () => {
    const health = moved([0, {}], [1_000, { gate: "closed" }]);
    const lenient = { ...policy, readyWhileDegraded: true };
    expect(isReady(health, policy, at(1_000).now)).toBe(false);
    expect(isReady(health, lenient, good.usableUntil - 600_001)).toBe(true);
    expect(isReady(health, lenient, good.usableUntil - 600_000)).toBe(false);
  });

  it("report the start as over in every state but starting and closed", () => {
    expect(isStarted(moved([0, { gate: "closed" }]))).toBe(false);
    expect(isStarted(moved([0, {}], [1_000, { gate: "closed", wanted: [] }]))).toBe(true);
    expect(isStarted(moved([0, {}], [1_000, { closed: true }]))).toBe(false);
  });
});
