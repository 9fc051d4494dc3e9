import { describe, expect, it } from "vitest";
import { both, length, outcomeOf } from "./outcome.js";
import type { ContainerEvent, TimelineEvent } from "./timeline.js";

const container = (
  at: number,
  state: ContainerEvent["state"],
  name = "app",
  init = false,
): TimelineEvent => ({ at, kind: "container", container: name, init, state, restartCount: 0 });
const ready = (at: number, status: boolean): TimelineEvent => ({
  at,
  kind: "condition",
  condition: "Ready",
  status,
});
const token = (at: number, identity: "right" | "wrong" | "none"): TimelineEvent => ({
  at,
  kind: "token",
  identity,
});

function outcome(...events: readonly TimelineEvent[]): ReturnType<typeof outcomeOf> {
  return outcomeOf({ strategy: "nmi-init", scenario: "in-place", lasts: 60, events });
}

describe("an outcome", () => {
  it("of nothing is nothing", () => {
    expect(outcome()).toEqual({
      started: undefined,
      ready: [],
      restarts: [],
      sidecarRestarts: [],
      gone: undefined,
      wrong: [],
      right: [],
    });
  });

  it("begins with the application's container, and not with those before it", () => {
    const waited = [container(0, "running", "wait", true), container(9, "terminated", "wait", true)];
    expect(outcome(...waited)).toMatchObject({ started: undefined, restarts: [], sidecarRestarts: [] });
    expect(outcome(...waited, container(0, "waiting"), container(10, "running")).started).toBe(10);
  });

  it("takes what is not ended for lasting to the end, and what is said twice for one", () => {
    const seen = outcome(ready(0, false), ready(5, true), ready(10, false), ready(20, true), ready(25, true));
    expect(seen.ready).toEqual([
      { from: 5, to: 10 },
      { from: 20, to: 60 },
    ]);
  });

  it("does not take for a restart what nothing came after", () => {
    const once = [container(1, "running"), container(30, "terminated"), container(31, "running")];
    expect(outcome(...once)).toMatchObject({ restarts: [30], gone: undefined });
    expect(outcome(...once, container(50, "terminated"))).toMatchObject({ restarts: [30], gone: 50 });
  });

  it("tells restarts of the application from those of its sidecar, which cost no token", () => {
    const seen = outcome(
      container(0, "running", "identity-guard", true),
      container(1, "running"),
      token(2, "wrong"),
      container(30, "terminated", "identity-guard", true),
      container(31, "running", "identity-guard", true),
      container(40, "terminated"),
      container(41, "running"),
      token(45, "right"),
    );
    expect(seen).toEqual({
      started: 1,
      ready: [],
      restarts: [40],
      sidecarRestarts: [30],
      gone: undefined,
      wrong: [{ from: 2, to: 40 }],
      right: [{ from: 45, to: 60 }],
    });
  });
});

describe("spans", () => {
  it("have in common what is in both", () => {
    const common = both(
      [
        { from: 0, to: 10 },
        { from: 20, to: 30 },
      ],
      [
        { from: 5, to: 25 },
        { from: 30, to: 40 },
      ],
    );
    expect(common).toEqual([
      { from: 5, to: 10 },
      { from: 20, to: 25 },
    ]);
    expect([length(common), length([])]).toEqual([10, 0]);
  });
});
