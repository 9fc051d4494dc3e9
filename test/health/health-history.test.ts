import { describe, expect, it } from "vitest";
import type { GuardEvent } from "../../src/health/guard-events.js";
import { HealthHistory } from "../../src/health/health-history.js";

const MINUTE = 60_000;

const change = (at: number, to: "ready" | "degraded"): GuardEvent => ({
  type: "change",
  at,
  from: "starting",
  to,
  reason: "",
});
const gate = (at: number, reason: "active" | "health-refused"): GuardEvent => ({
  type: "gate",
  at,
  observation: { state: "open", reason, observedAt: at },
});
const attempt = (at: number): GuardEvent => ({
  type: "attempt",
  at,
  key: "https://vault.azure.net",
  number: 1,
  startedAt: at,
  endedAt: at,
  outcome: "failed",
});

const times = (events: readonly GuardEvent[]): number[] => events.map(({ at }) => at);

describe("the history", () => {
  it("holds the last ten minutes, after the gate and the state that held when they began", () => {
    const history = new HealthHistory();
    for (const event of [gate(1, "health-refused"), gate(2, "active"), change(3, "ready"), attempt(4)]) {
      history.add(event);
    }
    history.add(attempt(9 * MINUTE));
    expect(times(history.list(9 * MINUTE))).toEqual([1, 2, 3, 4, 9 * MINUTE]);
    expect(times(history.list(15 * MINUTE))).toEqual([2, 3, 9 * MINUTE]);
    expect(times(history.list(30 * MINUTE))).toEqual([2, 3]);
    history.add(change(31 * MINUTE, "degraded"));
    expect(times(history.list(45 * MINUTE))).toEqual([2, 31 * MINUTE]);
  });

  it("holds 500 events at most, those from before included", () => {
    const history = new HealthHistory();
    history.add(gate(1, "active"));
    history.add(change(2, "ready"));
    for (let at = 3; at < 2_000; at++) history.add(attempt(at));
    const listed = history.list(2_000);
    expect(listed).toHaveLength(500);
    expect(times(listed.slice(0, 2))).toEqual([1, 2]);
  });

  it("gives the same list again where nothing has happened, since probes ask for it all the time", () => {
    const history = new HealthHistory();
    history.add(attempt(1));
    const listed = history.list(2);
    expect(history.list(3)).toBe(listed);
    history.add(attempt(4));
    expect(history.list(4)).not.toBe(listed);
    expect(listed).toHaveLength(1);
  });
});
