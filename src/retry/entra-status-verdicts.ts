import type { AnswerRow } from "./answer-row.js";
import type { FailureFacts } from "./failure-facts.js";
import { asksEntra, EGRESS } from "./transport-verdicts.js";
import type { ClassificationContext } from "./verdict.js";

const ERROR_CODES = "learn.microsoft.com, Microsoft Entra authentication and authorization error codes";

/** Statuses with which Entra ID refuses; it says why in `error`, nearly always with an `AADSTS` code. */
const REFUSALS: ReadonlySet<number | undefined> = new Set([400, 401, 403]);

const answered =
  (test: (facts: FailureFacts, status: number) => boolean) =>
  (facts: FailureFacts, context: ClassificationContext): boolean =>
    asksEntra(context) && facts.status !== undefined && test(facts, facts.status);

/** What Entra ID, or something on the way to it, answered without a code that is known. */
export const ENTRA_STATUS_ROWS: readonly AnswerRow[] = [
  {
    reason: "throttled",
    throttled: true,
    meaning: "Entra ID limits the requests of this tenant or of this application.",
    remedy: "If it lasts, look for a program that asks for tokens without a cache.",
    source: "RFC 6585, 4; learn.microsoft.com, Microsoft identity platform: handle errors (429, 5xx)",
    when: answered((_facts, status) => status === 429),
  },
  {
    reason: "server-error",
    meaning: "Entra ID, or a proxy on the way to it, met an error of its own.",
    remedy: "Wait; if it lasts, look at Azure's status page, and at the proxies on the way.",
    source: "RFC 9110, 15.6; learn.microsoft.com, Microsoft identity platform: handle errors (429, 5xx)",
    when: answered((_facts, status) => status >= 500 || status === 408),
  },
  {
    reason: "connection-failed",
    meaning: "Something on the way answered in place of Entra ID: it gives no such answer.",
    remedy: EGRESS,
    source: `${ERROR_CODES} (every refusal has an error, and an AADSTS code)`,
    when: answered(
      ({ errors, entraCodes }, status) =>
        status >= 400 && entraCodes.length === 0 && (errors.size === 0 || !REFUSALS.has(status)),
    ),
  },
];
