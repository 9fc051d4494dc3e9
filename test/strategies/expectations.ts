import { COURSES, type Course, type Reach } from "./courses.js";
import { both, without, type Span } from "./outcome.js";
import type { Check, Promises } from "./promises.js";
import type { NamedScenario } from "./scenarios.js";

/** Of readiness and liveness in every manifest. */
const PERIOD_S = 5;
/** The library looks at NMI this often. */
const POLL_S = 5;
/** From a change to a pod that is not ready: one look, and one probe. */
export const NOTICED_S: number = POLL_S + PERIOD_S;
/** From when nothing is in the way to a pod that is ready: what waits looks, and the startup probe or readiness does. */
export const READY_S = 10;
/** Of liveness in every manifest. */
const LIVENESS = { delay: 30, failures: 5 } as const;
/** For which the library's liveness waits, once there is neither NMI nor a good token. */
const GRACE_S = 30;
/** The guard's tokens are used up 30 s before their end, and those of the scenario last 60 s. */
const USED_UP_S = 60 - 30;
/** For which the library asks for a token, and its application waits. */
const BUDGET_S = 80;
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
  /** While the application has another identity's token; where nothing is said, nobody minds what it has while not ready. */
  readonly wrong: readonly Span[];
  /** While it has its own identity's. */
  readonly right: readonly Span[];
}

/** From what the strategy's parts look at, and what there is to see. */
export function expectedOf(promises: Promises, { name, lasts }: NamedScenario): Expected {
  const course = COURSES[name];
  const starts = course.phases.find(({ reach }) => passes(reach, promises.start))?.from;
  const ready = merged(
    course.phases.flatMap(({ from }, index) => {
      const holds = starts !== undefined && from >= starts && isReady(promises, course, index);
      const spent = from + BUDGET_S;
      const to = course.phases[index + 1]?.from ?? lasts;
      const ends = holds && spent < to && asksInVain(promises, course, index);
      return [{ from, holds }, ...(ends ? [{ from: spent, holds: false }] : [])];
    }),
    lasts,
  );
  const wrong = wrongOf(promises, course, starts, lasts);
  return {
    starts,
    ready,
    restart: restartOf(promises, course, ready[0]?.holds ?? false, lasts),
    wrong:
      promises.application === "guarded"
        ? wrong
        : both(
            wrong,
            ready.filter(({ holds }) => holds),
          ),
    right: without(rightOf(promises, course, starts, lasts), wrong),
  };
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

/** Whether an application whose readiness looks at more than NMI has never had a token, and gets none in that phase. */
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
  promises: Promises,
  course: Course,
  starts: number | undefined,
  lasts: number,
): readonly Span[] {
  const { wrong } = course;
  if (wrong === undefined || starts === undefined) return [];
  if (wrong.startedBefore !== undefined && starts >= wrong.startedBefore) return [];
  if (promises.application === "plain")
    return [{ from: Math.max(wrong.from, starts), to: wrong.to ?? lasts }];
  return takesWrong(promises, course) ? [{ from: wrong.guardedFrom ?? wrong.from, to: lasts }] : [];
}

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
    if (reach === "token") return [{ from: Math.max(from, starts) + READY_S, to }];
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
