import type { Clock } from "../clock.js";
import { redact } from "../identity/redact.js";
import type { Gate, GateObservation } from "./gate.js";
import { withTimeLimit } from "./time-limit.js";

/** Longest check of a gate of the application's own, in milliseconds; one that takes longer counts as closed. */
const CHECK_LIMIT_MS = 2000;

/** Of a gate of this library: two requests of at most 1 s each, one after the other, and what it takes to note them. */
const OWN_CHECK_LIMIT_MS = 2500;

/** Most characters of a text that a gate gives: it goes into errors, events and pages. */
const MAX_TEXT = 1024;

const REMEDY =
  "Correct the gate: its check must return an observation within 2 s, and stop when its signal aborts.";
const OWN_REMEDY =
  "The process had no time for the check, or a file could not be read in time: look at the CPU limit of the container, and at its volumes.";

/**
 * Asks a gate once. Never rejects: a gate that throws, takes over 2 s or returns something else than an observation
 * is closed with reason `gate-error`; so is `undefined`, which stands for one whose earlier checks have not returned.
 * `own`: the gate is one of this library, and has 2.5 s.
 */
export async function runCheck(
  gate: Gate | undefined,
  context: { readonly clock: Clock; readonly signal: AbortSignal; readonly own?: boolean },
): Promise<GateObservation> {
  const own = context.own === true;
  const limitMs = own ? OWN_CHECK_LIMIT_MS : CHECK_LIMIT_MS;
  const remedy = own ? OWN_REMEDY : REMEDY;
  const error = (detail: string): GateObservation => gateError(detail, remedy, context.clock.now());
  if (gate === undefined) return error("its earlier checks were aborted and have not returned");
  try {
    const checked = await withTimeLimit(
      limitMs,
      async (abortSignal): Promise<unknown> => await gate.check({ abortSignal }),
      context,
    );
    if (checked.timedOut) return error(`its check took more than ${limitMs / 1000} s`);
    // Gates of this library redact what they quote; their own words hold paths and names that look like long tokens.
    const text = own ? (words: string): string => words.slice(0, MAX_TEXT) : redactText;
    const seen = observationOf(checked.value, context.clock.now(), text);
    // Frozen: all who watch the gate share it, listeners of events among them.
    return seen === undefined ? error("its check returned no observation") : Object.freeze(seen);
  } catch (thrown) {
    return error(`its check failed: ${messageOf(thrown)}`);
  }
}

function gateError(detail: string, remedy: string, observedAt: number): GateObservation {
  const reason = "gate-error";
  return Object.freeze({ state: "closed", reason, permanent: false, remedy, detail, observedAt });
}

/** Gates of users may be JavaScript: only what has the form of an observation is one. */
function observationOf(
  value: unknown,
  now: number,
  text: (given: string) => string,
): GateObservation | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const given: { readonly [key in Field]?: unknown } = value;
  const { state, reason, permanent, remedy, detail, observedAt } = given;
  if (typeof reason !== "string" || (state !== "open" && state !== "closed")) return undefined;
  const common = {
    reason: reason as GateObservation["reason"], // an unknown reason is harmless: it is only shown
    ...(typeof detail === "string" ? { detail: text(detail) } : {}),
    observedAt: typeof observedAt === "number" && Number.isFinite(observedAt) ? observedAt : now,
  };
  if (state === "open") return { state, ...common };
  const advice = typeof remedy === "string" ? { remedy: text(remedy) } : {};
  return { state, permanent: permanent === true, ...advice, ...common };
}

const redactText = (given: string): string => redact(given, MAX_TEXT);

type Field = "state" | "reason" | "permanent" | "remedy" | "detail" | "observedAt";

function messageOf(thrown: unknown): string {
  try {
    return thrown instanceof Error
      ? redact(thrown.message, 200)
      : `it threw a value of type ${typeof thrown}`;
  } catch {
    return "it threw an error that cannot be read";
  }
}
