import { isGuardError } from "../../src/errors.js";
import type { Moment, ProbeRecord, TokenRequestRecord } from "./plane.js";
import type { Run } from "./simulation.js";
import { LEAK, RIGHT } from "./tokens.js";

/** The first thing in a run that must never be; `undefined` where there is none. */
export type Invariant = (run: Run) => string | undefined;

const MIN_LIFE_MS = 30_000;
/** A check of the gate has at most 2 s. */
const CHECK_MS = 2_000;
/** Sums of times are not exact. */
const ROUNDING_MS = 1e-6;

const text = (value: unknown): string =>
  JSON.stringify(value, (_key, each: unknown) => (each instanceof Error ? String(each) : each));

/** Each returned token is the expected identity's, shows no other way than through NMI, and lives for 30 s. */
export const returnsOnlyRightTokens: Invariant = ({ schedule, plane, process }) => {
  for (const call of process.calls) {
    if (call.token === undefined) continue;
    const issued = plane.issued.get(call.token);
    if (issued === undefined) return `a token that nobody issued was returned: ${text(call)}`;
    if (schedule.expects && issued.oid !== RIGHT)
      return `another identity's token was returned: ${text(call)}`;
    if (issued.shows === "imds" || issued.shows === "proxy")
      return `${issued.shows}'s token was returned: ${text(call)}`;
    const life = issued.expiresOn - (call.wallAtEnd ?? 0);
    if (life < MIN_LIFE_MS) return `a token with ${life} ms to live was returned: ${text(call)}`;
    if (!process.stored.some((stored) => stored.text === call.token))
      return `returned without being verified: ${text(call)}`;
  }
  return undefined;
};

/** The gate was seen open before a stored token was asked for, and by a check that began after it had come. */
export const seesTheGateOpenBeforeAndAfter: Invariant = ({ plane, process }) => {
  for (const stored of process.stored) {
    const request = plane.requests.find(({ issued }) => issued !== undefined && issued.text === stored.text);
    // The token in hand was longer-lived and stays.
    if (request === undefined || request.end === undefined) continue;
    if (!openBefore(plane.probes, request.start))
      return `asked for without an open gate: ${text([stored, request])}`;
    const acquired = request.end;
    if (process.stored.find((each) => each.text === stored.text) !== stored) continue;
    if (!openBetween(plane.probes, acquired, stored))
      return `stored without an open gate: ${text([stored, request])}`;
  }
  return undefined;
};

function openBefore(probes: readonly ProbeRecord[], start: Moment): boolean {
  const ended = probes.filter(({ end }) => end !== undefined && end.order < start.order);
  return ended.some(
    (route) =>
      route.kind === "route" &&
      route.open === true &&
      route.start.at >= start.at - CHECK_MS &&
      // Nothing later, but for what was seen at this very moment, says otherwise.
      !ended.some(
        (each) =>
          each.start.order > route.start.order && each.open !== true && (each.end?.at ?? 0) < start.at,
      ),
  );
}

function openBetween(probes: readonly ProbeRecord[], after: Moment, before: Moment): boolean {
  const within = probes.filter(
    ({ start, end }) => start.order > after.order && end !== undefined && end.order < before.order,
  );
  return within.some(
    (health) =>
      health.kind === "health" &&
      health.open === true &&
      within.some(
        (route) => route.kind === "route" && route.open === true && route.start.order > health.start.order,
      ),
  );
}

/**
 * Where NMI or the proxy may be: tokens of one of the two alone, for as long as the gate lives, and never of IMDS. What
 * does not say who issued it counts as NMI's.
 */
export const keepsToOnePlane: Invariant = (run) => {
  const { schedule, plane, process } = run;
  const stored = process.stored.flatMap((moment) => {
    const issued = moment.text === undefined ? undefined : plane.issued.get(moment.text);
    return issued === undefined ? [] : [{ moment, issued, proxied: issued.shows === "proxy" }];
  });
  for (const { issued } of stored) {
    if (issued.shows === "imds") return `a token of IMDS was stored: ${text(issued)}`;
    if (schedule.expects && issued.oid !== RIGHT) return `a refused token was stored: ${text(issued)}`;
  }
  const turned = stored.find(({ moment, proxied }, index) => {
    const before = stored[index - 1];
    return (
      before !== undefined &&
      before.proxied !== proxied &&
      // Before it is decided, what does not say who it is passes for NMI.
      before.issued.shows !== "unknown" &&
      !isForgotten(run, before.moment, moment)
    );
  });
  return turned === undefined ? undefined : `tokens of both planes: ${text(turned)}`;
};

/** What is found in a cache came there as a verified token. */
export const poisonsNoCache: Invariant = ({ schedule, plane, process, unexplained }) => {
  const first = unexplained[0];
  if (first !== undefined)
    return `a cache holds a token that was never verified: ${text(plane.issued.get(first))}`;
  for (const stored of process.stored) {
    const issued = stored.text === undefined ? undefined : plane.issued.get(stored.text);
    if (issued === undefined) return `something else than a token was stored: ${text(stored)}`;
    const wrong = schedule.expects && issued.oid !== RIGHT;
    if (wrong || issued.shows === "imds" || issued.shows === "proxy")
      return `a refused token was stored: ${text(issued)}`;
  }
  return undefined;
};

/** Every call ends, no later than its budget. */
export const keepsTheBudget: Invariant = ({ process }) => {
  for (const call of process.calls) {
    if (call.end === undefined) return `never ended: ${text(call)}`;
    const waited = call.end.at - call.start.at;
    if (call.kind === "getToken" && waited > call.schedule.budgetMs)
      return `took ${waited} ms: ${text(call)}`;
  }
  return undefined;
};

/** At most one request for a key at a time, and starts apart by the schedule's delay, less its jitter. */
export const spacesRequests: Invariant = (run) => {
  const { plane, options } = run;
  const apart = Math.min(...options.map(({ retry }) => retry.delayMs)) * 0.8;
  const last = new Map<string, TokenRequestRecord>();
  for (const request of plane.requests) {
    const before = last.get(request.resource);
    last.set(request.resource, request);
    if (before === undefined) continue;
    if (before.end === undefined || before.end.order > request.start.order)
      return `two at a time: ${text([before, request])}`;
    const since = request.start.at - before.start.at;
    if (since < apart - ROUNDING_MS && !isForgotten(run, before.start, request.start))
      return `${since} ms apart: ${text([before, request])}`;
  }
  return undefined;
};

/** Whether everything was closed between two moments: that leaves no memory, and so no pace, behind. */
function isForgotten({ forgotten }: Run, after: Moment, before: Moment): boolean {
  return forgotten.some(({ order }) => order > after.order && order < before.order);
}

/** A credential that ignores its signal has at most one abandoned request beside the next one. */
export const abandonsOneAtMost: Invariant = (run) => {
  const { requests } = run.plane;
  for (const request of requests) {
    const beside = requests.filter(
      ({ resource, start, end }) =>
        resource === request.resource &&
        start.order < request.start.order &&
        (end === undefined || end.order > request.start.order) &&
        !isForgotten(run, start, request.start),
    );
    if (beside.length > 1) return `${beside.length} requests beside ${text(request)}`;
  }
  return undefined;
};

/** No more than one health request a second, but for one after each token that came. */
export const spacesHealthChecks: Invariant = (run) => {
  const { plane } = run;
  const health = plane.probes.filter(({ kind }) => kind === "health");
  let early = 0;
  health.forEach((probe, index) => {
    const before = health[index - 1];
    if (before === undefined || isForgotten(run, before.start, probe.start)) return;
    if (probe.start.at - before.start.at < 1_000 - ROUNDING_MS) early++;
  });
  const tokens = plane.requests.filter(({ issued }) => issued !== undefined).length;
  return early > tokens
    ? `${early} checks less than 1 s after the one before, and ${tokens} tokens`
    : undefined;
};

/** After a route probe that IMDS answered, the next one waits 1, 2, 4 ... 10 s. */
export const backsOffFromImds: Invariant = (run) => {
  const { plane } = run;
  let waitMs = 0;
  let answered: Moment | undefined;
  for (const probe of plane.probes.filter(({ kind }) => kind === "route")) {
    if (answered !== undefined && isForgotten(run, answered, probe.start)) {
      answered = undefined;
      waitMs = 0;
    }
    if (answered !== undefined && probe.start.at - answered.at < waitMs - ROUNDING_MS) {
      return `a route probe ${probe.start.at - answered.at} ms after one that IMDS answered, instead of ${waitMs} ms`;
    }
    answered = probe.imds === true ? probe.end : undefined;
    waitMs = probe.imds !== true ? 0 : Math.min(Math.max(waitMs * 2, 1_000), 10_000);
  }
  return undefined;
};

/** After a permanent failure, who asks within the first delay gets the same answer at once. */
export const remembersRefusals: Invariant = (run) => {
  const { process, plane, options } = run;
  const delayMs = Math.min(...options.map(({ retry }) => retry.delayMs)) * 0.8;
  for (const refused of process.calls) {
    const { end } = refused;
    if (end === undefined || !isGuardError(refused.error, "ERR_GUARD_REJECTED")) continue;
    // Answered from memory itself: the delay began before.
    if (refused.error.details.attempts.length === 0) continue;
    const until = end.at + delayMs - ROUNDING_MS;
    const asked = plane.requests.find(
      ({ resource, start }) => resource === refused.resource && start.order > end.order && start.at < until,
    );
    if (asked !== undefined && !isForgotten(run, end, asked.start)) {
      return `asked again ${asked.start.at - end.at} ms after ${text(refused)}`;
    }
  }
  return undefined;
};

/** An abort ends its call in the same turn, with an `AbortError`; nobody else's call ends so. */
export const abortsAtOnce: Invariant = ({ process }) => {
  for (const call of process.calls) {
    const aborted = call.error instanceof Error && call.error.name === "AbortError";
    if (call.abortedAt === undefined) {
      if (aborted) return `aborted, though its caller was patient: ${text(call)}`;
    } else if (!aborted || call.end?.at !== call.abortedAt)
      return `aborted at ${call.abortedAt}: ${text(call)}`;
  }
  return undefined;
};

/** Who has a usable token is served, whatever the plane does; only an abort or `close()` ends such a call otherwise. */
export const servesTokensInHand: Invariant = ({ process }) => {
  for (const call of process.calls) {
    if (!call.hadToken || call.claims || call.error === undefined || call.jumpsAfter !== call.jumpsBefore)
      continue;
    if (call.abortedAt !== undefined || isGuardError(call.error, "ERR_GUARD_CLOSED")) continue;
    return `rejected with a token in hand: ${text(call)}`;
  }
  return undefined;
};

/** Nothing that the library says holds a piece of a token. */
export const keepsSecrets: Invariant = ({ process }) => {
  const leak = process.said.find((each) => LEAK.test(each));
  return leak === undefined
    ? undefined
    : `a token leaked: ${leak.slice(Math.max(0, leak.search(LEAK) - 200)).slice(0, 400)}`;
};

/** After `close()` no timer, no listener and no token is left. */
export const leavesNothingBehind: Invariant = ({ process, pendingAfterClose }) => {
  if (pendingAfterClose > 0) return `${pendingAfterClose} timers are left`;
  const listened = process.calls.find(({ listenersLeft }) => listenersLeft !== 0);
  if (listened !== undefined) return `listeners are left: ${text(listened)}`;
  for (const state of process.states) {
    if ([...state.cache.entries()].length > 0) return "a closed cache holds entries";
    if (state.health.snapshot().history.length > 500) return "the history grows";
  }
  return undefined;
};
