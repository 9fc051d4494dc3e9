import { isRestError, type PipelineResponse } from "@azure/core-rest-pipeline";
import { presentedIn, sayPresented } from "../identity/presented-assertion.js";
import { AttemptFailure, type Provenance } from "../retry/attempt-failure.js";
import { answerEvidence, type AnswerEvidence } from "./answer-evidence.js";
import { BODY_TOO_LARGE, BODY_TRUNCATED } from "./http-client.js";
import { provenanceOf } from "./provenance.js";

type Defect = NonNullable<AnswerEvidence["defect"]>;

const ANSWERED_BY: Readonly<Record<Provenance, string>> = {
  nmi: "NMI",
  imds: "IMDS",
  proxy: "The migration proxy",
  unknown: "The identity endpoint",
};

const DEFECT_TEXT: Readonly<Record<Defect, string>> = {
  "too-large": "with more than 64 KiB, which is no token response",
  truncated: "which broke off before its end",
  "not-json": "with a body that is no JSON",
  "no-token": "without a token, or without the time of its expiry",
};

const DEFECT_CODES: ReadonlyMap<string, Defect> = new Map([
  [BODY_TOO_LARGE, "too-large"],
  [BODY_TRUNCATED, "truncated"],
]);

/** An answer that is no success. NMI can put a whole token response into the text of a 403: it is redacted here. */
export function answerFailure(
  response: PipelineResponse,
  parts: { provenance: Provenance; text: string; body: unknown; now: number },
): AttemptFailure {
  const evidence = answerEvidence(response, parts);
  const { provenance, text } = evidence;
  return new AttemptFailure(
    `${ANSWERED_BY[provenance]} answered ${response.status}${text === "" ? " without text" : `: ${text}`}` +
      sayPresented(presentedIn(parts.text)),
    evidence,
  );
}

/** A success that brings no token. Nothing of its body is quoted, since it may hold half a token. */
export function defectFailure(status: number, provenance: Provenance, defect: Defect): AttemptFailure {
  return new AttemptFailure(`${ANSWERED_BY[provenance]} answered ${status} ${DEFECT_TEXT[defect]}`, {
    kind: "answer",
    status,
    provenance,
    text: "",
    defect,
  });
}

/** What the HTTP client threw: no answer at all, or one whose body could not be read. `now` as in `Clock.now`. */
export function exchangeFailure(error: unknown, now: number): AttemptFailure {
  const code = errorCode(error);
  const defect = DEFECT_CODES.get(code);
  const response = isRestError(error) ? error.response : undefined;
  if (defect === undefined || response === undefined) {
    return new AttemptFailure(
      `No answer from the identity endpoint: ${code}`,
      { kind: "transport", code },
      { cause: error },
    );
  }
  const { status, headers } = response;
  const provenance = provenanceOf({ status, server: headers.get("server") });
  // Only for a success is the body what counts; the status of any other answer says enough.
  return status >= 200 && status <= 299
    ? defectFailure(status, provenance, defect)
    : answerFailure(response, { provenance, text: "", body: undefined, now });
}

function errorCode(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && /^[A-Z][A-Z0-9_]{1,63}$/u.test(code) ? code : "UNKNOWN";
}
