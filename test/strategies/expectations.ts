import type { StrategyName } from "../../src/cli/manifests/strategy-names.js";
import { COURSES, type Course, type Reach } from "./courses.js";
import { both, length, outcomeOf, type Outcome, type Span } from "./outcome.js";
import { PROMISES, type Check, type Promises } from "./promises.js";
import type { NamedScenario } from "./scenarios.js";
import type { Timeline } from "./timeline.js";

/** Of readiness and liveness in every manifest. */
const PERIOD_S = 5;
/** The library looks at NMI this often. */
const POLL_S = 5;
/** From a change to a pod that is not ready: one look, and one probe. */
const NOTICED_S = POLL_S + PERIOD_S;
/** From when nothing is in the way to a pod that is ready: what waits looks, the startup probe, readiness. */
const READY_S = 15;
/** Of liveness in every manifest. */
const LIVENESS = { delay: 30, failures: 5 } as const;
/** For which the library's liveness waits, once there is neither NMI nor a good token. */
const GRACE_S = 30;
/** The guard's tokens are used up 30 s before their end, and those of the scenario last 60 s. */
const USED_UP_S = 60 - 30;
/** What a machine, or a cluster, may be late by. */
const SLACK_S = 3;

const DEPTH: Readonly<Record<Reach, number>> = { nothing: 0, status: 1, nmi: 2, token: 3 };

const passes = (reach: Reach, check: Check | undefined): boolean =>
  check === undefined || DEPTH[reach] >= DEPTH[check];

/** What a timeline must show. */
export interface Expected {
  /** From when on the application's container runs; absent: never. */
  readonly starts: number | undefined;
  /** What readiness settles on, one after another, without two alike in a row. */
  readonly ready: readonly (Span & { readonly holds: boolean })[];
  /** When the application, or its sidecar, is restarted first, and until when it may be again; absent: never. */
  readonly restart: (Span & { readonly until: number }) | undefined;
  /** While the application has another identity's token and is ready. */
  readonly wrong: readonly Span[];
}

/** What a strategy promised and does not keep, or what it keeps without a promise: a sentence each. */
export function violations(timeline: Timeline, scenario: NamedScenario): readonly string[] {
  const promises = PROMISES[timeline.strategy as StrategyName];
  const expected = expectedOf(promises, scenario);
  const outcome = outcomeOf(timeline);
  return [
    ...startViolations(outcome, expected),
    ...readyViolations(outcome, expected),
    ...restartViolations(
      "it",
      outcome.restarts,
      promises.restartsSidecar === true ? undefined : expected.restart,
    ),
    ...restartViolations(
      "its sidecar",
      outcome.sidecarRestarts,
      promises.restartsSidecar === true ? expected.restart : undefined,
    ),
    ...identityViolations(outcome, expected),
  ].map((sentence) => `${timeline.strategy}, ${scenario.title}: ${sentence}`);
}

/** From what the strategy's parts look at, and what there is to see. */
export function expectedOf(promises: Promises, { name, lasts }: NamedScenario): Expected {
  const course = COURSES[name];
  const starts = course.phases.find(({ reach }) => passes(reach, promises.start))?.from;
  const ready = merged(
    course.phases.map(({ from }, index) => ({
      from,
      holds: starts !== undefined && from >= starts && isReady(promises, course, index),
    })),
    lasts,
  );
  return {
    starts,
    ready,
    restart: restartOf(promises, course, ready[0]?.holds ?? false, lasts),
    wrong: both(
      wrongOf(promises, course, starts, lasts),
      ready.filter(({ holds }) => holds),
    ),
  };
}

function isReady(
  { readiness, keepsTokens, readyInOutage }: Promises,
  { phases, tokens }: Course,
  index: number,
): boolean {
  const reach = phases[index]?.reach ?? "nothing";
  if (passes(reach, readiness)) return true;
  const had = phases.slice(0, index).some((phase) => phase.reach === "token");
  if (readiness !== "token" || keepsTokens === undefined || !had) return false;
  return reach === "nmi" || (readyInOutage === true && tokens === "a day");
}

function restartOf(
  { liveness, keepsTokens }: Promises,
  { phases, tokens }: Course,
  readyAtFirst: boolean,
  lasts: number,
): Expected["restart"] {
  // Until the startup probe has succeeded, nothing asks for liveness.
  if (liveness === undefined || !readyAtFirst) return undefined;
  const alive = merged(
    phases.map(({ from, reach }) => ({ from, holds: passes(reach, liveness) })),
    lasts,
  );
  const away = alive.find(({ holds }) => !holds);
  if (away === undefined || (keepsTokens === true && tokens !== "seconds")) return undefined;
  const begins =
    keepsTokens === true
      ? { least: Math.max(away.from, USED_UP_S) + GRACE_S, most: away.from + NOTICED_S + GRACE_S }
      : { least: Math.max(away.from, LIVENESS.delay), most: LIVENESS.delay + READY_S };
  const restart = {
    from: begins.least + (LIVENESS.failures - 1) * PERIOD_S,
    to: begins.most + LIVENESS.failures * PERIOD_S,
  };
  return away.to > restart.from ? { ...restart, until: away.to + PERIOD_S } : undefined;
}

function wrongOf(
  { application, pinned }: Promises,
  { wrong }: Course,
  starts: number | undefined,
  lasts: number,
): readonly Span[] {
  if (wrong === undefined || starts === undefined) return [];
  if (wrong.startedBefore !== undefined && starts >= wrong.startedBefore) return [];
  if (application === "plain") return [{ from: Math.max(wrong.from, starts), to: wrong.to ?? lasts }];
  if (pinned === true || wrong.guardedFrom === undefined) return [];
  return [{ from: wrong.guardedFrom, to: lasts }];
}

/** Spans of what holds and what does not, those alike in a row being one. */
function merged(
  phases: readonly { readonly from: number; readonly holds: boolean }[],
  lasts: number,
): readonly (Span & { readonly holds: boolean })[] {
  const changes = phases.filter(({ holds }, index) => holds !== phases[index - 1]?.holds);
  return changes.map(({ from, holds }, index) => ({ from, to: changes[index + 1]?.from ?? lasts, holds }));
}

function startViolations({ started }: Outcome, { starts }: Expected): readonly string[] {
  if (starts === undefined) {
    return started === undefined
      ? []
      : [`the application's container was started at ${s(started)}, and never should be`];
  }
  if (started === undefined)
    return [`the application's container was never started, and should be from ${s(starts)} on`];
  if (started < starts)
    return [`the application's container was started at ${s(started)}, before ${s(starts)}`];
  const late = starts + READY_S + SLACK_S;
  return started > late ? [`the application's container was started at ${s(started)}, after ${s(late)}`] : [];
}

function readyViolations(outcome: Outcome, { ready }: Expected): readonly string[] {
  return ready.flatMap(({ from, to, holds }) => {
    const settled = { from: from + (holds ? READY_S : from === 0 ? 0 : NOTICED_S + SLACK_S), to };
    const span = Math.max(0, to - settled.from);
    const isReady = length(both(outcome.ready, [settled]));
    if (holds && isReady < span - 0.01)
      return [
        `it was ready for ${s(isReady)} of the ${s(span)} from ${s(settled.from)} on, and should be for all`,
      ];
    if (!holds && isReady > 0)
      return [
        `it was ready for ${s(isReady)} of the ${s(span)} from ${s(settled.from)} on, and should not be`,
      ];
    return [];
  });
}

function restartViolations(
  who: string,
  restarts: readonly number[],
  restart: Expected["restart"],
): readonly string[] {
  const [first] = restarts;
  const times = restarts.map(s).join(", ");
  if (restart === undefined)
    return first === undefined ? [] : [`${who} was restarted at ${times}, and should not be`];
  const to = restart.to + SLACK_S;
  if (first === undefined)
    return [`${who} was never restarted, and should be between ${s(restart.from)} and ${s(to)}`];
  const wrong = first < restart.from || first > to || restarts.some((at) => at > restart.until + SLACK_S);
  return wrong
    ? [
        `${who} was restarted at ${times}, and should be first between ${s(restart.from)} and ${s(to)}, and not after ${s(restart.until)}`,
      ]
    : [];
}

function identityViolations(outcome: Outcome, { wrong, ready }: Expected): readonly string[] {
  const observed = both(outcome.wrong, outcome.ready);
  // Work goes on until the change is noticed.
  const unnoticed = ready
    .filter(({ holds, from }) => !holds && from > 0)
    .map(({ from }) => ({ from, to: from + NOTICED_S + SLACK_S }));
  const allowed = [...wrong.map(({ from, to }) => ({ from, to: to + SLACK_S })), ...unnoticed];
  const beyond = observed.filter((span) => length(both([span], allowed)) < length([span]) - 0.01);
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

function s(seconds: number): string {
  return `${Math.round(seconds * 10) / 10} s`;
}
