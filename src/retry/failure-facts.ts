import type { FailureEvidence, Provenance } from "./attempt-failure.js";

/** What the rows of the classification tables look at, the same for an HTTP answer and for a thrown error. */
export interface FailureFacts {
  readonly status: number | undefined;
  readonly provenance: Provenance;
  /** The status of IMDS or Entra ID inside the text of NMI's 403 (go-autorest autorest/adal/token.go). */
  readonly embeddedStatus: number | undefined;
  readonly retryAfter: boolean;
  /** Everything that was said, in lower case. Empty where the text was lost on the way. */
  readonly text: string;
  /** OAuth `error` values, and MSAL's `errorCode`. */
  readonly errors: ReadonlySet<string>;
  /** The digits of `AADSTS...` codes. */
  readonly entraCodes: readonly string[];
}

const EMBEDDED_STATUS = /status code = '(\d{3})'/u;

/** The digits of all Entra ID codes in `text`, which may be in either case. */
export function entraCodesIn(text: string): readonly string[] {
  return [...text.matchAll(/AADSTS(\d{4,8})/giu)].flatMap(([, digits]) => digits ?? []);
}

export function embeddedStatusIn(lowerCaseText: string): number | undefined {
  const digits = EMBEDDED_STATUS.exec(lowerCaseText)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

export function answerFacts(answer: Extract<FailureEvidence, { kind: "answer" }>): FailureFacts {
  const { status, provenance, error, errorDescription } = answer;
  const text = [answer.text, error, errorDescription].filter((part) => part !== undefined).join("\n");
  const lower = text.toLowerCase();
  return {
    status,
    provenance,
    embeddedStatus: embeddedStatusIn(lower),
    retryAfter: answer.retryAfterMs !== undefined,
    text: lower,
    errors: new Set(error === undefined ? [] : [error.toLowerCase()]),
    entraCodes: entraCodesIn(text),
  };
}
