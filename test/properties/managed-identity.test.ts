import { describe, expect, it } from "vitest";
import * as invariants from "./invariants.js";
import type { Invariant } from "./invariants.js";
import { judge } from "./judged.js";
import { managedWorld } from "./managed-world.js";
import { always, TIMEOUT_MS } from "./runs.js";
import { schedule, type Schedule } from "./schedule.js";
import { simulate } from "./simulation.js";

const INVARIANTS: Readonly<Record<string, Invariant>> = {
  "returns nothing but verified, right tokens that live": invariants.returnsOnlyRightTokens,
  "sees the gate open before and after each acquisition": invariants.seesTheGateOpenBeforeAndAfter,
  "leaves no refused token in a cache": invariants.poisonsNoCache,
  "ends every call within its budget": invariants.keepsTheBudget,
  "has one request for a key at a time, and spaces their starts": invariants.spacesRequests,
  "asks for health once a second, and once more after each token": invariants.spacesHealthChecks,
  "backs off from a node where IMDS answers": invariants.backsOffFromImds,
  "answers from memory after a permanent failure": invariants.remembersRefusals,
  "ends an aborted call in the same turn, and no other": invariants.abortsAtOnce,
  "serves a token in hand throughout": invariants.servesTokensInHand,
  "says nothing that holds a token": invariants.keepsSecrets,
  "leaves nothing behind after close()": invariants.leavesNothingBehind,
};

/** The plainest there is: one call, and nothing in its way. */
const PLAIN: Schedule = {
  phases: [{ ms: 0, health: "active", route: "nmi", answer: "right", latencyMs: 0 }],
  calls: [{ at: 0, instance: 0, scope: 0, kind: "getToken", cae: false }],
  jumps: [],
  closes: [],
  retries: [0, 0, 0, 0],
  expects: true,
  warmUp: false,
  chances: [0.5],
};

describe("the simulation", () => {
  // First of all: properties of calls that never reach the plane would hold, and mean nothing.
  it("reaches the plane in its very first world, without any time passing", async () => {
    const { process, plane } = await simulate(PLAIN, managedWorld(PLAIN));
    expect(plane.requests).toHaveLength(1);
    expect(process.calls[0]).toMatchObject({ token: expect.any(String) as string, end: { at: 0 } });
  });
});

describe("a guarded managed identity, under any schedule of plane, gate, callers and clock,", () => {
  const violations = judge(INVARIANTS, managedWorld);

  it.each(Object.keys(INVARIANTS))("%s", { timeout: TIMEOUT_MS }, async (name) => {
    await always(schedule, async (value) => {
      expect((await violations(value))[name]).toBeUndefined();
    });
  });
});
