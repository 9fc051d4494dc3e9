import { describe, expect, it } from "vitest";
import * as invariants from "./invariants.js";
import type { Invariant } from "./invariants.js";
import { judge } from "./judged.js";
import { undecidedWorld } from "./managed-world.js";
import { always, RUNS, TIMEOUT_MS } from "./runs.js";
import { schedule } from "./schedule.js";

const INVARIANTS: Readonly<Record<string, Invariant>> = {
  "returns tokens of one plane alone, and never of IMDS": invariants.keepsToOnePlane,
  "ends every call within its budget": invariants.keepsTheBudget,
  "has one request for a key at a time, and spaces their starts": invariants.spacesRequests,
  "asks for health once a second, and once more after each token": invariants.spacesHealthChecks,
  "backs off from a node where IMDS answers": invariants.backsOffFromImds,
  "answers from memory after a permanent failure": invariants.remembersRefusals,
  "serves a token in hand throughout": invariants.servesTokensInHand,
  "says nothing that holds a token": invariants.keepsSecrets,
  "leaves nothing behind after close()": invariants.leavesNothingBehind,
};

describe("where NMI or the migration proxy may be, under any schedule of plane, gate, callers and clock,", () => {
  const violations = judge(INVARIANTS, undecidedWorld);

  it.each(Object.keys(INVARIANTS))("a managed identity %s", { timeout: TIMEOUT_MS }, async (name) => {
    await always(
      schedule,
      async (value) => {
        expect((await violations(value))[name]).toBeUndefined();
      },
      { runs: Math.ceil(RUNS / 2) },
    );
  });
});
