import type { Clock } from "../clock.js";
import { redact } from "../identity/redact.js";
import type { Gate, GateObservation } from "./gate.js";
import { withTimeLimit } from "./time-limit.js";

/** Longest check of a gate, in milliseconds; one that takes longer counts as closed. */
export const CHECK_LIMIT_MS = 2000;

/** Most characters of a text that a gate gives: it goes into errors, events and pages. */
const MAX_TEXT = 1024;

const REMEDY =
  "Correct the gate: its check must return an observation within 2 s, and stop when its signal aborts.";

/**
 * Asks a gate once. Never rejects: a gate that throws, takes over 2 s or returns something else than an observation
 * is closed with reason `gate-error`; so is `undefined`, which stands for one whose earlier checks have not returned.
 * `own`: the gate is one of this library.
 */
export async function runCheck(
  gate: Gate | undefined,
  context: { readonly clock: Clock; readonly signal: AbortSignal; readonly own?: boolean },
): Promise<GateObservation> {
  const error = (detail: string): GateObservation => gateError(detail, context.clock.now());
  if (gate === undefined) return error("its earlier checks were aborted and have not returned");
  try {
    const checked = await withTimeLimit(
      CHECK_LIMIT_MS,
      async (abortSignal): Promise<unknown> => await gate.check({ abortSignal }),
      context,
    );
    if (checked.timedOut) return error("its check took more than 2 s");
    // Gates of this library redact what they quote; their own words hold paths and names that look like long tokens.
    const text = context.own === true ? (words: string): string => words.slice(0, MAX_TEXT) : redactText;
    const seen = observationOf(checked.value, context.clock.now(), text);
    // Frozen: all who watch the gate share it, listeners of events among them.
    return seen === undefined ? error("its check returned no observation") : Object.freeze(seen);
  } catch (thrown) {
    return error(`its check failed: ${messageOf(thrown)}`);
  }
}

function gateError(detail: string, observedAt: number): GateObservation {
  const reason = "gate-error";
  return Object.freeze({ state: "closed", reason, permanent: false, remedy: REMEDY, detail, observedAt });
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
