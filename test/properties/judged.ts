import { createHash } from "node:crypto";
import type { Invariant } from "./invariants.js";
import type { Schedule } from "./schedule.js";
import { simulate, type World } from "./simulation.js";

/**
 * Says which of `invariants` a schedule violates. A schedule is lived through once, however many tests ask: with one
 * seed for all of them, they meet the same schedules.
 */
export function judge<S extends Schedule>(
  invariants: Readonly<Record<string, Invariant>>,
  worldOf: (schedule: S) => World,
): (schedule: S) => Promise<Readonly<Record<string, string>>> {
  const found = new Map<string, Promise<Readonly<Record<string, string>>>>();
  const judged = async (schedule: S): Promise<Readonly<Record<string, string>>> => {
    const run = await simulate(schedule, worldOf(schedule));
    const said = Object.entries(invariants).map(([name, holds]) => [name, holds(run)] as const);
    return Object.fromEntries(
      said.flatMap(([name, violation]) => (violation === undefined ? [] : [[name, violation]])),
    );
  };
  return async (schedule) => {
    const key = createHash("sha1").update(JSON.stringify(schedule)).digest("base64");
    const known = found.get(key) ?? judged(schedule);
    found.set(key, known);
    return await known;
  };
}
