import { COURSES, type Course, type Reach } from "./courses.js";
import { without, type Span } from "./outcome.js";
import type { Check, Promises } from "./promises.js";
import { STARTUP_S, type NamedScenario } from "./scenarios.js";

/** Of startup, readiness and liveness in every manifest. */
const PERIOD_S = 5;
/** The library looks at NMI this often. */
const POLL_S = 5;
/** At most this often where a look found another in NMI's place: 1, 2, 4, 8 and then 10 s later. */
const BYPASSED_POLL_S = 10;
/** From when nothing is in the way of a start to one: what waits looks, and asks for a token again where it had none. */
const START_S = 10;
/** Of liveness in every manifest. */
const LIVENESS = { delay: 30, failures: 5 } as const;
/** For which the library's liveness waits, once there is neither NMI nor a good token. */
const GRACE_S = 30;
/** The guard's tokens are used up 30 s before their end, and those of the scenario last 60 s. */
const USED_UP_S = 60 - 30;
/** For which the library asks for a token, and its application waits. */
export const BUDGET_S = 80;
/** After which a look that gets no answer is given up: of the shell's by the kubelet, of the others by themselves. */
const GIVEN_UP_S: Readonly<Record<Check, number>> = { status: 1, nmi: 2, token: 4 };
const DEPTH: Readonly<Record<Reach, number>> = { nothing: 0, status: 1, nmi: 2, token: 3 };

const passes = (reach: Reach, check: Check | undefined): boolean =>
  check === undefined || DEPTH[reach] >= DEPTH[check];

/** Something that lasts, and when at the latest it is so. */
type Settling = Span & { readonly settled: number };

/** What a timeline must show. */
export interface Expected {
  /** From when on the application's container runs, and by when; absent: never. */
  readonly starts: { readonly from: number; readonly settled: number } | undefined;
  /** What readiness settles on, one after another, without two alike in a row. */
  readonly ready: readonly (Settling & { readonly holds: boolean })[];
  /** When the application, or its sidecar, is restarted, once; absent: never. */
  readonly restart: Span | undefined;
  /** While the application has another identity's token, whether it is ready or not. */
  readonly wrong: readonly Settling[];
  /** While it has its own identity's. */
  readonly right: readonly Span[];
}

/** From what the strategy's parts look at, and what there is to see. */
export function expectedOf(promises: Promises, { name, lasts }: NamedScenario): Expected {
  const course = COURSES[name];
  const starts = startOf(promises, course);
  const ready = readyOf(promises, course, starts, lasts);
  const restart = restartOf(promises, course, ready[0]?.holds ?? false, lasts);
  const wrong = wrongOf(promises, course, starts, restart, lasts);
  return {
    starts: starts === undefined ? undefined : { from: starts, settled: starts + START_S },
    ready,
    restart,
    wrong,
    right: without(rightOf(promises, course, starts, lasts), wrong),
  };
}

function startOf({ start, needsRole }: Promises, { phases, role = 0 }: Course): number | undefined {
  const from = phases.find(({ reach }) => passes(reach, start))?.from;
  return from === undefined ? undefined : Math.max(from, needsRole === true ? role : 0);
}

function readyOf(
  promises: Promises,
  course: Course,
  starts: number | undefined,
  lasts: number,
): Expected["ready"] {
  const { phases } = course;
  const changes = phases.flatMap(({ from }, index) => {
    const holds = starts !== undefined && from >= starts && isReady(promises, course, index);
    const spent = from + BUDGET_S;
    const to = phases[index + 1]?.from ?? lasts;
    const ends = holds && spent < to && asksInVain(promises, course, index);
    return [{ from, holds }, ...(ends ? [{ from: spent, holds: false }] : [])];
  });
  return merged(changes, lasts).map((span) => {
    const { from, to, holds } = span;
    // A pod is not ready before it is.
    const atFirst = holds ? START_S : 0;
    const within = from === 0 || from === starts ? atFirst : noticedWithin(promises, course, from);
    return { ...span, settled: Math.min(to, from + within) };
  });
}

/** From a change to a pod whose readiness tells of it: a probe, and before it a look of what answers the probe. */
function noticedWithin(
  { keepsTokens, readiness }: Promises,
  { phases, hangs }: Course,
  from: number,
): number {
  const looks = keepsTokens === true ? "nmi" : readiness;
  const lasts = hangs === true && looks !== undefined ? GIVEN_UP_S[looks] : 0;
  if (keepsTokens !== true) return lasts + PERIOD_S;
  const before = phases.findLast((phase) => phase.from < from);
  return lasts + (before?.reach === "status" ? BYPASSED_POLL_S : POLL_S) + PERIOD_S;
}

/** Whether there was a token before that phase. */
function hadToken({ phases }: Course, index: number): boolean {
  return phases.slice(0, index).some(({ reach }) => reach === "token");
}

function isReady({ readiness, keepsTokens }: Promises, course: Course, index: number): boolean {
  const reach = course.phases[index]?.reach ?? "nothing";
  if (passes(reach, readiness)) return true;
  return readiness === "token" && keepsTokens === true && reach === "nmi" && hadToken(course, index);
}

/**
 * Whether an application that asks by itself has never had a token, and gets none in that phase: once a budget is spent the
 * library calls it failing, which is not ready.
 */
function asksInVain(promises: Promises, course: Course, index: number): boolean {
  const { application, keepsTokens } = promises;
  if (application !== "guarded" || keepsTokens !== true || course.phases[index]?.reach === "token")
    return false;
  return !hadToken(course, index) && !takesWrong(promises, course);
}

function takesWrong({ pinned }: Promises, { wrong }: Course): boolean {
  return pinned !== true && wrong?.guardedFrom !== undefined;
}

function restartOf(
  { liveness, keepsTokens, start, readiness, restartsSidecar }: Promises,
  { phases, tokens, hangs }: Course,
  readyAtFirst: boolean,
  lasts: number,
): Expected["restart"] {
  if (liveness === undefined) return undefined;
  // Whatever no init container keeps from running has a startup probe, which looks at the same as readiness.
  const up = phases.find(({ reach }) => passes(reach, readiness))?.from ?? lasts;
  // The first of them comes at once; a cluster's kubelet lets a period go by.
  const spent = { from: STARTUP_S - PERIOD_S, to: STARTUP_S + PERIOD_S };
  if ((start === undefined || restartsSidecar === true) && up > spent.from) return spent;
  // Until it has succeeded, nothing asks for liveness: so none is restarted twice, either.
  if (!readyAtFirst) return undefined;
  const alive = merged(
    phases.map(({ from, reach }) => ({ from, holds: passes(reach, liveness) })),
    lasts,
  );
  const away = alive.find(({ holds }) => !holds);
  if (away === undefined || (keepsTokens === true && tokens !== "seconds")) return undefined;
  const fails =
    keepsTokens === true
      ? {
          from: Math.max(away.from, USED_UP_S) + GRACE_S,
          to: Math.max(away.from + POLL_S, USED_UP_S) + GRACE_S,
        }
      : { from: Math.max(away.from, LIVENESS.delay), to: Math.max(away.from, LIVENESS.delay) };
  const restart = {
    from: fails.from + (LIVENESS.failures - 1) * PERIOD_S,
    to: fails.to + LIVENESS.failures * PERIOD_S + (hangs === true ? GIVEN_UP_S[liveness] : 0),
  };
  return away.to > restart.from ? restart : undefined;
}

function wrongOf(
  promises: Promises,
  course: Course,
  starts: number | undefined,
  restart: Expected["restart"],
  lasts: number,
): Expected["wrong"] {
  const { wrong } = course;
  if (wrong === undefined || starts === undefined) return [];
  if (wrong.startedBefore !== undefined && starts >= wrong.startedBefore) return [];
  const to = wrong.to ?? lasts;
  if (promises.application === "guarded") {
    if (!takesWrong(promises, course)) return [];
    return [settling(wrong.guardedFrom ?? wrong.from, lasts)];
  }
  const restarted = promises.restartsSidecar === true ? undefined : restart;
  const from = Math.max(wrong.from, starts);
  if (restarted === undefined) return wrong.restarted === true ? [] : [settling(from, to)];
  // Whoever is started again asks again.
  const again = { from: restarted.from, to, settled: Math.min(to, restarted.to + START_S) };
  return wrong.restarted === true ? [again] : [settling(from, restarted.from), again];
}

const settling = (from: number, to: number): Settling => ({
  from,
  to,
  settled: Math.min(to, from + START_S),
});

/** While tokens are to be had, and, where the library keeps them, for as long as they are good. */
function rightOf(
  { application }: Promises,
  course: Course,
  starts: number | undefined,
  lasts: number,
): readonly Span[] {
  if (starts === undefined) return [];
  const { phases, tokens } = course;
  return phases.flatMap(({ from, reach }, index) => {
    const to = phases[index + 1]?.from ?? lasts;
    if (reach === "token") return [{ from: Math.max(from, starts) + START_S, to }];
    if (application !== "guarded" || !hadToken(course, index)) return [];
    return [{ from, to: tokens === "seconds" ? Math.min(to, USED_UP_S) : to }];
  });
}

/** Spans of what holds and what does not, those alike in a row being one. */
function merged(
  phases: readonly { readonly from: number; readonly holds: boolean }[],
  lasts: number,
): readonly (Span & { readonly holds: boolean })[] {
  const changes = phases.filter(({ holds }, index) => holds !== phases[index - 1]?.holds);
  return changes.map(({ from, holds }, index) => ({ from, to: changes[index + 1]?.from ?? lasts, holds }));
}
