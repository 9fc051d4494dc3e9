import { randomUUID } from "node:crypto";
import { ENTRA_ERRORS } from "./entra-error-codes.js";
import type { EntraErrorCode } from "./entra-error-codes.js";
import { jsonReply } from "./exchange.js";
import type { Reply } from "./exchange.js";
import type { Fault } from "./faults.js";

/**
 * What a text of Entra ID names; what is not given reads `unknown`.
 *
 * @public
 */
export interface EntraErrorDetails {
  readonly application?: string | undefined;
  readonly tenant?: string | undefined;
  readonly issuer?: string | undefined;
  readonly subject?: string | undefined;
  readonly audience?: string | undefined;
  readonly resource?: string | undefined;
  readonly scope?: string | undefined;
  readonly parameter?: string | undefined;
  readonly grantType?: string | undefined;
  readonly key?: string | undefined;
  readonly method?: string | undefined;
  /** Milliseconds since the Unix epoch, as for the following. */
  readonly now?: number | undefined;
  readonly validFrom?: number | undefined;
  readonly validTo?: number | undefined;
}

/** Why a token request is refused. */
export interface EntraRefusal {
  readonly code: EntraErrorCode;
  readonly details: EntraErrorDetails;
}

/** What one answer says of itself. */
export interface EntraTrace {
  readonly traceId: string;
  readonly correlationId: string;
  /** Milliseconds since the Unix epoch. */
  readonly at: number;
}

const TIMES: ReadonlySet<string> = new Set(["now", "validFrom", "validTo"]);

/** Seven digits of a second, as .NET writes them. */
const precise = (at: number): string => new Date(at).toISOString().replace("Z", "0000Z");

function textOf({ code, details }: EntraRefusal): string {
  const given = new Map<string, unknown>(Object.entries(details));
  return ENTRA_ERRORS[code].text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = given.get(name);
    if (typeof value === "number" && TIMES.has(name)) return precise(value);
    return typeof value === "string" ? value : "unknown";
  });
}

/** As on 2022's wire, with line breaks in the description; since 2024 there are captures with blanks in their place. */
function bodyOf(refusal: EntraRefusal, { traceId, correlationId, at }: EntraTrace): unknown {
  const number = Number(refusal.code.replace("AADSTS", ""));
  const timestamp = `${new Date(at).toISOString().slice(0, 19).replace("T", " ")}Z`;
  const lines = [
    `${refusal.code}: ${textOf(refusal)}`,
    `Trace ID: ${traceId}`,
    `Correlation ID: ${correlationId}`,
    `Timestamp: ${timestamp}`,
  ];
  return {
    error: ENTRA_ERRORS[refusal.code].error,
    error_description: lines.join("\r\n"),
    error_codes: [number],
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
    error_uri: `https://login.microsoftonline.com/error?code=${number}`,
  };
}

/** The answer to a request that is refused. */
export function refusalReply(
  refusal: EntraRefusal,
  trace: EntraTrace,
  headers: Record<string, string> = {},
): Reply {
  return jsonReply(ENTRA_ERRORS[refusal.code].status, bodyOf(refusal, trace), headers);
}

/**
 * A fault that answers with an error of Entra ID, for what its state alone does not bring about: the subject that is not
 * found in one of fifty requests (kedacore/keda issue 8152), say.
 *
 * @example
 * ```ts
 * entra.faults.next("entra-token", entraFault("AADSTS700213", { subject: "system:serviceaccount:default:app" }));
 * ```
 *
 * @public
 */
export function entraFault(code: EntraErrorCode, details: EntraErrorDetails = {}): Fault {
  const trace = { traceId: randomUUID(), correlationId: randomUUID(), at: details.now ?? Date.now() };
  return { kind: "status", status: ENTRA_ERRORS[code].status, body: bodyOf({ code, details }, trace) };
}
