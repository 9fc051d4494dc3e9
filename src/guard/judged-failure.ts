import type { GateObservation } from "../gate/gate.js";
import { AttemptFailure, type FailureEvidence } from "../retry/attempt-failure.js";
import type { Verdict } from "../retry/classify-failure.js";

/** A failed attempt, and what it means. */
export class JudgedFailure extends Error {
  readonly error: AttemptFailure;
  readonly evidence: FailureEvidence;
  readonly verdict: Verdict;

  constructor(error: AttemptFailure, verdict: Verdict) {
    super(error.message);
    this.error = error;
    this.evidence = error.evidence;
    this.verdict = verdict;
  }
}

/** No attempt was made: the gate says that waiting does not help. */
export class PermanentlyClosed extends AttemptFailure {
  constructor(observation: Extract<GateObservation, { state: "closed" }>) {
    super(`the gate is closed for good (${observation.reason})`, {
      kind: "gate-closed",
      gateReason: observation.reason,
    });
  }
}
