import { formatDuration } from "../config/duration.js";
import { IdentityGuardError, type AttemptRecord } from "../errors.js";
import type { GateObservation } from "../gate/gate.js";
import { redactError } from "../identity/redact.js";
import type { FailureReason } from "../retry/classify-failure.js";
import type { JudgedFailure } from "./judged-failure.js";

/** What an error is made of. */
export interface Ending {
  /** The resource or scopes asked for. */
  readonly name: string;
  readonly waitedMs: number;
  readonly budgetMs: number;
  /** The last of them. */
  readonly attempts: readonly AttemptRecord[];
  /** All of them. */
  readonly attemptCount: number;
  readonly gateName: string | undefined;
  /** The last observation, where the gate is closed. */
  readonly gateClosed: Extract<GateObservation, { state: "closed" }> | undefined;
  readonly failure: JudgedFailure | undefined;
  /** What ended the call. */
  readonly by: "budget" | "verdict" | "retry-after" | "close";
}

/** Codes that keep saying why, also when the budget ended over them. */
const CODES: Partial<
  Record<
    FailureReason,
    | "ERR_GUARD_IDENTITY_MISMATCH"
    | "ERR_GUARD_BYPASS"
    | "ERR_GUARD_TOKEN_UNVERIFIABLE"
    | "ERR_GUARD_GATE_CLOSED"
  >
> = {
  "identity-mismatch": "ERR_GUARD_IDENTITY_MISMATCH",
  bypass: "ERR_GUARD_BYPASS",
  "wrong-plane": "ERR_GUARD_BYPASS",
  "token-unverifiable": "ERR_GUARD_TOKEN_UNVERIFIABLE",
  "gate-closed": "ERR_GUARD_GATE_CLOSED",
};

export function closedError(waitedMs: number, attempts: readonly AttemptRecord[]): IdentityGuardError {
  return new IdentityGuardError(
    "ERR_GUARD_CLOSED",
    "The credential was closed. Create a new one, or close it only when nobody asks it for tokens any more.",
    { attempts, waitedMs },
  );
}

/** The one error of a call that ends without a token. A closed gate wins over what an attempt met before. */
export function acquisitionError(ending: Ending): IdentityGuardError {
  const { attempts, waitedMs, failure, gateClosed } = ending;
  if (ending.by === "close") return closedError(waitedMs, attempts);
  const base = { attempts, waitedMs };
  const cause = failure === undefined ? {} : { cause: redactError(failure.error) };
  const gateDecides = ending.by === "budget" || failure?.evidence.kind === "gate-closed";
  if (gateClosed !== undefined && gateDecides) {
    const { reason, permanent, remedy, detail } = gateClosed;
    const gate = ending.gateName ?? "gate";
    return new IdentityGuardError(
      "ERR_GUARD_GATE_CLOSED",
      sentence(
        `No token for ${ending.name}: the ${gate} gate is closed (${reason})${permanent ? " for good" : ""} after ${waited(ending)}`,
        detail,
        remedy ?? `The token was not asked for, because it might be another identity's.`,
      ),
      { ...base, gate, reason, permanent, ...(remedy === undefined ? {} : { remedy }) },
      cause,
    );
  }
  if (failure === undefined) {
    return new IdentityGuardError(
      "ERR_GUARD_BUDGET_SPENT",
      sentence(
        `No token for ${ending.name} within ${formatDuration(ending.budgetMs)}`,
        "no attempt has ended yet",
        "A longer AZURE_IDENTITY_GUARD_RETRY_BUDGET waits longer.",
      ),
      { ...base, reason: "timeout", budgetMs: ending.budgetMs },
    );
  }
  const { verdict, error, evidence } = failure;
  const { reason } = verdict;
  const message = sentence(
    `No token for ${ending.name} after ${waited(ending)}`,
    ending.by === "retry-after" ? `${error.message}; it asks to wait longer than the budget` : error.message,
    `${verdict.meaning} ${verdict.remedy}`,
  );
  const code = CODES[reason];
  switch (code) {
    case "ERR_GUARD_IDENTITY_MISMATCH": {
      const mismatches = evidence.kind === "mismatch" ? evidence.mismatches : [];
      return new IdentityGuardError(code, message, { ...base, mismatches }, cause);
    }
    case "ERR_GUARD_GATE_CLOSED": {
      const gateReason = evidence.kind === "gate-closed" ? evidence.gateReason : reason;
      const gate = ending.gateName ?? "gate";
      return new IdentityGuardError(
        code,
        message,
        { ...base, gate, reason: gateReason, permanent: false },
        cause,
      );
    }
    case "ERR_GUARD_BYPASS":
    case "ERR_GUARD_TOKEN_UNVERIFIABLE":
      return new IdentityGuardError(code, message, { ...base, reason }, cause);
    case undefined:
      break;
  }
  return ending.by === "verdict"
    ? new IdentityGuardError(
        "ERR_GUARD_REJECTED",
        message,
        { ...base, reason, remedy: verdict.remedy },
        cause,
      )
    : new IdentityGuardError(
        "ERR_GUARD_BUDGET_SPENT",
        message,
        { ...base, reason, budgetMs: ending.budgetMs },
        cause,
      );
}

function waited({ waitedMs, attemptCount }: Ending): string {
  const count = attemptCount === 1 ? "1 attempt" : `${attemptCount} attempts`;
  return `${formatDuration(Math.round(waitedMs))} and ${count}`;
}

/** One line: what happened, what was seen, what it means and what to do. */
function sentence(what: string, seen: string | undefined, then: string): string {
  const end = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);
  return end(seen === undefined ? what : `${what}: ${seen}`) + ` ${end(then.trim())}`;
}
