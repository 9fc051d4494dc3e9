import { expectedOf, type Expected } from "./expectations.js";
import { both, length, outcomeOf, without, type Outcome } from "./outcome.js";
import { PROMISES } from "./promises.js";
import type { NamedScenario } from "./scenarios.js";
import type { Timeline } from "./timeline.js";
import type { VariantName } from "./variants.js";

/**
 * What a cluster may be late by, in seconds; and a cell on this machine, whose clock stands still while it works. A container
 * takes a while to start, and what the API server and the logs tell comes late. That a kubelet may begin liveness earlier than
 * documented (`#probe` of kubelet/container-life.ts) needs no slack: expectations count its delay from when the pod was created,
 * and no container starts before.
 */
export const SLACK_S = { cluster: 5, local: 0.1 } as const;
/** From one time that the application asks for a token to the next: until then it goes by the last. */
const ASKS_S = 1;

/**
 * What a strategy promised and does not keep, or what it keeps without a promise: a sentence each. `slack`: seconds that
 * everything may be late by.
 */
export function violations(timeline: Timeline, scenario: NamedScenario, slack: number): readonly string[] {
  const promises = PROMISES[timeline.strategy as VariantName];
  const expected = expectedOf(promises, scenario);
  const outcome = outcomeOf(timeline);
  const { restartsSidecar = false } = promises;
  return [
    ...startViolations(outcome, expected, slack),
    ...readyViolations(outcome, expected, slack),
    ...restartViolations("it", outcome.restarts, restartsSidecar ? undefined : expected.restart, slack),
    ...restartViolations(
      "its sidecar",
      outcome.sidecarRestarts,
      restartsSidecar ? expected.restart : undefined,
      slack,
    ),
    ...(outcome.gone === undefined
      ? []
      : [`a container ended at ${s(outcome.gone)}, and was not started again`]),
    ...wrongViolations(outcome, expected, slack),
    ...rightViolations(outcome, expected, slack),
  ].map((sentence) => `${timeline.strategy}, ${scenario.title}: ${sentence}`);
}

function startViolations({ started }: Outcome, { starts }: Expected, slack: number): readonly string[] {
  const container = "the application's container was";
  if (starts === undefined)
    return started === undefined ? [] : [`${container} started at ${s(started)}, and never should be`];
  const { from, settled } = starts;
  if (started === undefined) return [`${container} never started, and should be from ${s(from)} on`];
  if (started < from) return [`${container} started at ${s(started)}, before ${s(from)}`];
  const late = settled + slack;
  return started > late ? [`${container} started at ${s(started)}, after ${s(late)}`] : [];
}

/** Where it is to be ready it becomes so once, and stays so; where it is not, it stops once, and stays unready. */
function readyViolations(outcome: Outcome, { ready }: Expected, slack: number): readonly string[] {
  return ready.flatMap(({ from, to, settled: by, holds }) => {
    const within = both(outcome.ready, [{ from, to }]);
    const settled = Math.min(to, by + slack);
    const isReady = length(both(within, [{ from: settled, to }]));
    const span = `${s(isReady)} of the ${s(to - settled)} from ${s(settled)} on`;
    if (holds && isReady < to - settled - ROUNDING_S)
      return [`it was ready for ${span}, and should be for all`];
    if (!holds && isReady > 0) return [`it was ready for ${span}, and should not be`];
    const began = within.filter((each) => each.from > from);
    return began.length > (holds ? 1 : 0) || within.length > 1
      ? [`it became ready at ${began.map((each) => s(each.from)).join(", ")}: readiness flaps`]
      : [];
  });
}

function restartViolations(
  who: string,
  restarts: readonly number[],
  restart: Expected["restart"],
  slack: number,
): readonly string[] {
  const [first] = restarts;
  const times = restarts.map(s).join(", ");
  if (restart === undefined)
    return first === undefined ? [] : [`${who} was restarted at ${times}, and should not be`];
  const span = `between ${s(restart.from)} and ${s(restart.to + slack)}`;
  if (first === undefined) return [`${who} was never restarted, and should be ${span}`];
  const isRight = restarts.length === 1 && first >= restart.from && first <= restart.to + slack;
  return isRight ? [] : [`${who} was restarted at ${times}, and should be once, ${span}`];
}

/**
 * Tokens are judged whether the pod is ready or not, since what looks from outside keeps work away, and not tokens: that it does
 * is what readiness is judged by.
 */
function wrongViolations(outcome: Outcome, { wrong }: Expected, slack: number): readonly string[] {
  const allowed = wrong.map(({ from, to }) => ({ from, to: to + ASKS_S + slack }));
  const beyond = without(outcome.wrong, allowed).filter((span) => length([span]) > ROUNDING_S);
  return [
    ...beyond.map(
      ({ from, to }) => `it had another identity's token from ${s(from)} to ${s(to)}, and should not have`,
    ),
    ...wrong.flatMap(({ to, settled: by }) => {
      const settled = { from: Math.min(to, by + slack), to };
      const had = length(both(outcome.wrong, [settled]));
      return had < length([settled]) - ROUNDING_S
        ? [
            `it is held to have another identity's token from ${s(settled.from)} to ${s(to)}, and had it for ${s(had)}`,
          ]
        : [];
    }),
  ];
}

function rightViolations({ right }: Outcome, expected: Expected, slack: number): readonly string[] {
  return expected.right.flatMap(({ from, to }) => {
    const settled = { from: from + slack, to };
    const had = length(both(right, [settled]));
    const wanted = Math.max(0, to - settled.from);
    return had < wanted - ROUNDING_S
      ? [`it had its identity's token for ${s(had)} of the ${s(wanted)} from ${s(settled.from)} on`]
      : [];
  });
}

/** Sums of floating-point numbers. */
const ROUNDING_S = 0.01;

function s(seconds: number): string {
  return `${Math.round(seconds * 10) / 10} s`;
}
