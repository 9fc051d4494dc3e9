import type { AttemptRecord } from "../errors.js";
import { presentedIn, sayPresented } from "../identity/presented-assertion.js";
import { redact, redactError } from "../identity/redact.js";
import { AttemptFailure, type FailureEvidence } from "../retry/attempt-failure.js";
import type { Plane } from "../retry/plane.js";
import type { AcquisitionContext } from "./acquisition-context.js";
import { JudgedFailure, PermanentlyClosed } from "./judged-failure.js";
import type { Pace } from "./pace.js";

/** Gives whatever was thrown its meaning, and counts it where an attempt was made. */
export function judgeFailure(
  error: unknown,
  context: Pick<AcquisitionContext, "classify" | "ports">,
  { pace, plane }: { readonly pace: Pace; readonly plane: Plane | undefined },
): JudgedFailure {
  if (error instanceof JudgedFailure) return error;
  const failure = asFailure(error);
  const { evidence } = failure;
  const given = context.classify(evidence, plane);
  if (error instanceof PermanentlyClosed) return new JudgedFailure(failure, { ...given, permanent: true });
  return new JudgedFailure(failure, pace.count(given, evidence, context.ports.clock.elapsed()));
}

/** Whatever was thrown, as a failure with evidence. */
function asFailure(error: unknown): AttemptFailure {
  if (error instanceof AttemptFailure) return error;
  const { name, message } = redactError(error);
  const presented = error instanceof Error ? sayPresented(presentedIn(error.message)) : "";
  return new AttemptFailure(
    redact(`${name}: ${message}`) + presented,
    { kind: "thrown", error },
    { cause: error },
  );
}

const REFUSED: ReadonlySet<FailureEvidence["kind"]> = new Set([
  "mismatch",
  "unverifiable",
  "expiring",
  "wrong-plane",
  "gate-closed",
]);

export function outcomeOf(evidence: FailureEvidence): AttemptRecord["outcome"] {
  if (evidence.kind === "timeout") return "abandoned";
  return REFUSED.has(evidence.kind) ? "rejected" : "failed";
}

/** What an attempt record says of an answer. */
export function answerOf({
  status,
  provenance,
}: Partial<Pick<AttemptRecord, "status" | "provenance">>): Pick<AttemptRecord, "status" | "provenance"> {
  return { ...(status === undefined ? {} : { status }), ...(provenance === undefined ? {} : { provenance }) };
}
