import { expectedOf, NOTICED_S, READY_S, type Expected } from "./expectations.js";
import { both, length, outcomeOf, type Outcome } from "./outcome.js";
import { PROMISES, type Promises } from "./promises.js";
import type { NamedScenario } from "./scenarios.js";
import type { Timeline } from "./timeline.js";
import type { VariantName } from "./variants.js";

/** What a cluster may be late by, in seconds; and a cell on this machine, whose clock stands still while it works. */
export const SLACK_S = { cluster: 3, local: 0.1 } as const;
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
  const { restartsSidecar = false, application } = promises;
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
    ...wrongViolations(outcome, expected, application, slack),
    ...rightViolations(outcome, expected, slack),
  ].map((sentence) => `${timeline.strategy}, ${scenario.title}: ${sentence}`);
}

function startViolations({ started }: Outcome, { starts }: Expected, slack: number): readonly string[] {
  if (starts === undefined) {
    return started === undefined
      ? []
      : [`the application's container was started at ${s(started)}, and never should be`];
  }
  if (started === undefined)
    return [`the application's container was never started, and should be from ${s(starts)} on`];
  if (started < starts)
    return [`the application's container was started at ${s(started)}, before ${s(starts)}`];
  const late = starts + READY_S + slack;
  return started > late ? [`the application's container was started at ${s(started)}, after ${s(late)}`] : [];
}

/** Where it is to be ready it becomes so once, and stays so; where it is not, it stops once, and stays unready. */
function readyViolations(outcome: Outcome, { ready }: Expected, slack: number): readonly string[] {
  return ready.flatMap(({ from, to, holds }) => {
    const within = both(outcome.ready, [{ from, to }]);
    const settled = Math.min(to, from + (holds ? READY_S : from === 0 ? 0 : NOTICED_S) + slack);
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
  const to = restart.to + slack;
  if (first === undefined)
    return [`${who} was never restarted, and should be between ${s(restart.from)} and ${s(to)}`];
  const wrong = first < restart.from || first > to || restarts.some((at) => at > restart.until + slack);
  return wrong
    ? [
        `${who} was restarted at ${times}, and should be first between ${s(restart.from)} and ${s(to)}, and not after ${s(restart.until)}`,
      ]
    : [];
}

function wrongViolations(
  outcome: Outcome,
  { wrong, ready }: Expected,
  application: Promises["application"],
  slack: number,
): readonly string[] {
  // The library answers for each token; what looks from outside keeps work away, and cannot keep tokens away.
  const observed = application === "guarded" ? outcome.wrong : both(outcome.wrong, outcome.ready);
  // Work goes on until the change is noticed.
  const unnoticed =
    application === "guarded"
      ? []
      : ready
          .filter(({ holds, from }) => !holds && from > 0)
          .map(({ from }) => ({ from, to: from + NOTICED_S + slack }));
  const allowed = [...wrong.map(({ from, to }) => ({ from, to: to + ASKS_S + slack })), ...unnoticed];
  const beyond = observed.filter((span) => length(both([span], allowed)) < length([span]) - ROUNDING_S);
  return [
    ...beyond.map(
      ({ from, to }) =>
        `it worked with another identity's token from ${s(from)} to ${s(to)}, and should not have`,
    ),
    ...wrong
      .filter((span) => length([span]) > READY_S && length(both(observed, [span])) === 0)
      .map(
        ({ from, to }) =>
          `it is held to let another identity's token through from ${s(from)} to ${s(to)}, and did not`,
      ),
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
