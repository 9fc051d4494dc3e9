import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as invariants from "./invariants.js";
import type { Invariant } from "./invariants.js";
import { judge } from "./judged.js";
import { always, RUNS, TIMEOUT_MS } from "./runs.js";
import { schedule } from "./schedule.js";
import { wrappedWorld, type WrappedSchedule } from "./wrapped-world.js";

const INVARIANTS: Readonly<Record<string, Invariant>> = {
  "returns nothing but verified, right tokens that live": invariants.returnsOnlyRightTokens,
  "leaves no refused token in a cache, however late it comes": invariants.poisonsNoCache,
  "ends every call within its budget": invariants.keepsTheBudget,
  "lets one abandoned attempt run beside the next, and no more": invariants.abandonsOneAtMost,
  "answers from memory after a permanent failure": invariants.remembersRefusals,
  "ends an aborted call in the same turn, and no other": invariants.abortsAtOnce,
  "serves a token in hand throughout": invariants.servesTokensInHand,
  "says nothing that holds a token": invariants.keepsSecrets,
  "leaves nothing behind after close()": invariants.leavesNothingBehind,
};

const wrapped: fc.Arbitrary<WrappedSchedule> = fc
  .tuple(schedule, fc.record({ honoursSignal: fc.boolean(), stubborn: fc.boolean(), gated: fc.boolean() }))
  .map(([whole, more]) => ({
    ...whole,
    calls: whole.calls.map((call) => ({ ...call, cae: false })),
    ...more,
  }));

describe("guard(x), under any schedule of credential, gate, callers and clock,", () => {
  const violations = judge(INVARIANTS, wrappedWorld);

  it.each(Object.keys(INVARIANTS))("%s", { timeout: TIMEOUT_MS }, async (name) => {
    await always(
      wrapped,
      async (value) => {
        expect((await violations(value))[name]).toBeUndefined();
      },
      { runs: Math.ceil(RUNS / 2) },
    );
  });
});
