import type { Clock } from "../../clock.js";
import type { HttpProbe } from "../../gate/http-probe.js";
import type { ClockLook } from "./observations.js";

/** A probe that remembers of its last answer what the parts that use it do not pass on. */
export interface TimedProbe {
  readonly probe: HttpProbe;
  /** Milliseconds that the last request took, or has been taking until now. */
  readonly ms: () => number;
  /** By how much this machine is ahead of the one that gave the last answer; `undefined` where it gave no date. */
  readonly aheadMs: () => number | undefined;
}

/** The `Date` field has whole seconds: half of one is what it lacks on average. */
const HALF_SECOND_MS = 500;

export function timedProbe(inner: HttpProbe, clock: Clock): TimedProbe {
  let begun = clock.elapsed();
  let took: number | undefined;
  let ahead: number | undefined;
  return {
    probe: async (url, options) => {
      begun = clock.elapsed();
      took = undefined;
      const asked = clock.now();
      const answer = await inner(url, options);
      took = clock.elapsed() - begun;
      const there = Date.parse(answer.date ?? "");
      if (!Number.isNaN(there)) ahead = asked + took / 2 - (there + HALF_SECOND_MS);
      return answer;
    },
    ms: () => Math.round(took ?? clock.elapsed() - begun),
    aheadMs: () => (ahead === undefined ? undefined : Math.round(ahead)),
  };
}

/** The first comparison that there is. */
export function firstClock(
  looks: readonly (readonly [against: string, aheadMs: number | undefined])[],
): ClockLook | undefined {
  return looks.flatMap(([against, aheadMs]) => (aheadMs === undefined ? [] : [{ against, aheadMs }])).at(0);
}
