import type { PipelineResponse } from "@azure/core-rest-pipeline";
import { redact } from "../identity/redact.js";
import type { FailureEvidence, Provenance } from "../retry/attempt-failure.js";
import { retryAfterMs } from "./retry-after.js";
import { stringField } from "./token-response.js";

/** Evidence that is an HTTP answer. */
export type AnswerEvidence = Extract<FailureEvidence, { kind: "answer" }>;

/**
 * What an answer that is no success shows, redacted. `body` is the JSON value of `text`, where it is JSON; `now` is
 * milliseconds since the Unix epoch.
 */
export function answerEvidence(
  { status, headers }: Pick<PipelineResponse, "status" | "headers">,
  {
    provenance,
    text,
    body,
    now,
  }: {
    readonly provenance: Provenance;
    readonly text: string;
    readonly body: unknown;
    readonly now: number;
  },
): AnswerEvidence {
  const error = stringField(body, "error");
  const errorDescription = stringField(body, "error_description");
  const retryAfter = retryAfterMs((name) => headers.get(name), now);
  return {
    kind: "answer",
    status,
    provenance,
    text: redact(text),
    ...(error === undefined ? {} : { error: redact(error) }),
    ...(errorDescription === undefined ? {} : { errorDescription: redact(errorDescription) }),
    ...(retryAfter === undefined ? {} : { retryAfterMs: retryAfter }),
  };
}
