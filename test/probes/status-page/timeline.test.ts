import { describe, expect, test } from "vitest";
import { Axis } from "../../../src/probes/status-page/axis.js";
import {
  attemptLane,
  gateLane,
  rejectionLane,
  stateLane,
  tokenLane,
  type Lane,
} from "../../../src/probes/status-page/lanes.js";
import { probeLanes } from "../../../src/probes/status-page/probe-lanes.js";
import { timeline } from "../../../src/probes/status-page/timeline.js";
import { ago, CLOSED, heldKey, MINUTE, NOW, OPEN, snapshot, VAULT } from "./snapshots.js";

const axis = new Axis(NOW);

/** What a lane draws: `look x width` of its bars and `shape x` of its marks, in percent of the ten minutes. */
function drawn({ drawing: { text } }: Lane): readonly string[] {
  const bars = /<svg x="([\d.]+)%?"[^>]* width="([\d.]+)%"[^>]*>.*?class="bar (\w+)"/gu;
  const marks = /<use href="#(\w+)" x="([\d.]+)%"/gu;
  return [
    ...[...text.matchAll(bars)].map(([, x, width, look]) => `${look} ${x} ${width}`),
    ...[...text.matchAll(marks)].map(([, shape, x]) => `${shape} ${x}`),
  ];
}

describe("the axis", () => {
  test("places ten minutes on a hundred percent", () => {
    expect([0, 1, 5, 10].map((minutes) => axis.x(NOW - minutes * MINUTE))).toEqual([100, 90, 50, 0]);
  });

  test("keeps what lies outside at its edges", () => {
    expect(axis.x(NOW + MINUTE)).toBe(100);
    expect(axis.x(NOW - 11 * MINUTE)).toBe(0);
  });
});

describe("the state lane", () => {
  test("is not known before the credential was made", () => {
    const lane = stateLane(snapshot("ready", { since: NOW - 4 * MINUTE }), axis);
    expect(drawn(lane)).toEqual(["unknown 0 60", "ready 60 40"]);
  });

  test("begins with the state that an older change left", () => {
    const history = [
      ago.change(12 * MINUTE, "starting", "ready"),
      ago.change(2 * MINUTE, "ready", "failing"),
    ];
    const lane = stateLane(snapshot("failing", { history, since: NOW - 2 * MINUTE }), axis);
    expect(drawn(lane)).toEqual(["ready 0 80", "failing 80 20"]);
    expect(lane.spoken).toBe("State: Ready for 8 min, then Failing for 2 min.");
  });

  test("shows the state before the first change from the first event on", () => {
    const history = [ago.gate(7 * MINUTE, CLOSED), ago.change(5 * MINUTE, "starting", "ready")];
    const lane = stateLane(snapshot("ready", { history, since: NOW - 5 * MINUTE }), axis);
    expect(drawn(lane)).toEqual(["unknown 0 30", "starting 30 20", "ready 50 50"]);
  });

  test("tells many changes by their number", () => {
    const history = Array.from({ length: 6 }, (_, index) =>
      ago.change(
        (9 - index) * MINUTE,
        index % 2 === 0 ? "ready" : "failing",
        index % 2 === 0 ? "failing" : "ready",
      ),
    );
    expect(stateLane(snapshot("ready", { history }), axis).spoken).toBe("State: changed 6 times, now Ready.");
  });

  test("shows a state that lasted a moment", () => {
    const history = [ago.change(12 * MINUTE, "starting", "ready"), ago.change(2, "ready", "failing")];
    expect(drawn(stateLane(snapshot("failing", { history }), axis))).toEqual([
      "ready 0 100",
      "failing 99.5 0.5",
    ]);
  });
});

describe("the gate lane", () => {
  test("is open and closed as the events say, with reasons where there is room", () => {
    const history = [ago.gate(11 * MINUTE, OPEN), ago.gate(4 * MINUTE, CLOSED)];
    const lane = gateLane(snapshot("degraded", { history }), axis);
    expect(drawn(lane)).toEqual(["open 0 60", "shut 60 40"]);
    expect(lane.drawing.text).toContain("closed: health-refused");
    expect(lane.summary).toBe("closed");
  });

  test("makes one bar of events that look alike", () => {
    const history = [
      ago.gate(6 * MINUTE, { ...OPEN, reason: "active-route-unknown" }),
      ago.gate(3 * MINUTE, OPEN),
    ];
    expect(drawn(gateLane(snapshot("ready", { history }), axis))).toEqual(["unknown 0 40", "open 40 60"]);
  });

  test("goes by the last observation where no event is left", () => {
    const gate = { ...OPEN, observedAt: NOW - 3 * MINUTE };
    expect(drawn(gateLane(snapshot("ready", { gate }), axis))).toEqual(["unknown 0 70", "open 70 30"]);
  });

  test("ends where the credential was closed", () => {
    const history = [ago.gate(5 * MINUTE, OPEN)];
    const lane = gateLane(snapshot("closed", { history, since: NOW - MINUTE }), axis);
    expect(drawn(lane)).toEqual(["unknown 0 50", "open 50 40"]);
  });

  test("says that there is none", () => {
    const { gate: _, gateName: __, ...rest } = snapshot("ready");
    expect(gateLane(rest, axis).drawing.text).toContain("no gate guards this credential");
  });
});

describe("the lanes of what happened", () => {
  const since = { since: NOW - 20 * MINUTE };

  test("have a shape for each outcome of an attempt", () => {
    const history = [
      ago.attempt(5 * MINUTE, "failed", { reason: "throttled" }),
      ago.attempt(4 * MINUTE, "abandoned"),
      ago.attempt(3 * MINUTE, "rejected", { reason: "identity-mismatch" }),
      ago.attempt(2 * MINUTE, "token"),
    ];
    const lane = attemptLane(snapshot("ready", { history, ...since }), axis);
    expect(drawn(lane)).toEqual(["cross 50", "ring 60", "hollow 70", "dot 80"]);
    expect(lane.summary).toBe("2 of 4 failed");
  });

  test("make one mark of those that would lie on each other, and say how many", () => {
    const history = [0, 1, 2].map((index) => ago.attempt(5 * MINUTE - index * 1000, "failed"));
    const lane = attemptLane(snapshot("failing", { history, ...since }), axis);
    expect(drawn(lane)).toEqual(["cross 50"]);
    expect(lane.drawing.text).toContain("(3 like it within seconds)");
  });

  test("leave out what is older than ten minutes", () => {
    const history = [ago.rejected(11 * MINUTE), ago.rejected(MINUTE)];
    const lane = rejectionLane(snapshot("failing", { history, ...since }), axis);
    expect(drawn(lane)).toEqual(["diamond 90"]);
    expect(lane.spoken).toBe("1 token refused.");
  });

  test("are not known before what was dropped from a full history", () => {
    const events = Array.from({ length: 498 }, (_, index) => ago.attempt(4 * MINUTE - index, "failed"));
    const history = [ago.change(15 * MINUTE, "starting", "ready"), ago.gate(12 * MINUTE, OPEN), ...events];
    expect(drawn(attemptLane(snapshot("failing", { history, ...since }), axis))).toContain("unknown 0 60");
  });

  test("show from when to when a token was in hand", () => {
    const history = [ago.token(8 * MINUTE, 3 * MINUTE), ago.token(2 * MINUTE)];
    const lane = tokenLane(snapshot("ready", { history, ...since }), axis);
    expect(drawn(lane)).toEqual(["held 20 30", "held 80 20", "square 20", "square 80"]);
    expect(lane.summary).toBe("1 in hand");
  });

  test("show a token that is older than ten minutes", () => {
    expect(drawn(tokenLane(snapshot("ready", { keys: [heldKey()], ...since }), axis))).toEqual([
      "held 0 100",
    ]);
  });

  test("show one bar for several tokens", () => {
    const keys = [heldKey({ key: `${VAULT}/2` }), heldKey()];
    const history = [ago.token(5 * MINUTE)];
    expect(drawn(tokenLane(snapshot("ready", { keys, history, ...since }), axis))).toEqual([
      "held 0 100",
      "square 50",
    ]);
  });
});

test("each probe has a lane with what it was answered", () => {
  const lanes = probeLanes(
    [
      { probe: "ready", passed: false, from: NOW - 12 * MINUTE, until: NOW - 6 * MINUTE },
      { probe: "live", passed: true, from: NOW - 5 * MINUTE, until: NOW },
      { probe: "ready", passed: true, from: NOW - 5 * MINUTE, until: NOW - MINUTE },
    ],
    axis,
  );
  expect(lanes.map(drawn)).toEqual([[], ["shut 0 40", "open 50 40"], ["open 50 50"]]);
  expect(lanes.map(({ summary }) => summary)).toEqual(["not asked", "pass", "pass"]);
  expect(lanes[1]?.spoken).toBe("Ready: fail for 4 min, then pass for 4 min, last asked 1 min ago.");
});

test("a timeline is one picture with words for it", () => {
  const lanes = [stateLane, attemptLane].map((lane) => lane(snapshot("ready"), axis));
  const { text } = timeline("orders", lanes);
  expect(text).toContain(
    'role="img" aria-label="Timeline of the last ten minutes of orders. State: Ready for 3 min. 0 attempts, 0 of them without a usable token."',
  );
  expect(text.match(/10 min ago/gu)).toHaveLength(1);
});
