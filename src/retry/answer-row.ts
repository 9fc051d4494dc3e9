import type { FailureFacts } from "./failure-facts.js";
import type { ClassificationContext, VerdictRow } from "./verdict.js";

/** A row that says itself what it is for. The first of a table that matches decides. */
export interface AnswerRow extends VerdictRow {
  readonly when: (facts: FailureFacts, context: ClassificationContext) => boolean;
}
