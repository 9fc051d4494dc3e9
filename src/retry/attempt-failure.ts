import type { ClaimMismatch } from "../errors.js";

/**
 * Who answered a token request, as far as the answer shows.
 *
 * @public
 */
export type Provenance = "nmi" | "imds" | "proxy" | "unknown";

/** What is known of a failed attempt, before anybody decides what it means. Text is redacted already. */
export type FailureEvidence =
  | {
      /** An HTTP answer that is no usable token. */
      readonly kind: "answer";
      readonly status: number;
      readonly provenance: Provenance;
      /** The body, redacted, at most 512 characters; empty for a 2xx. */
      readonly text: string;
      /** `error` and `error_description` (redacted) of a JSON body. */
      readonly error?: string;
      readonly errorDescription?: string;
      readonly retryAfterMs?: number;
      /** Set for a 2xx whose body is no token response. */
      readonly defect?: "too-large" | "not-json" | "no-token" | "truncated";
    }
  | {
      /** No answer: the connection failed. `code` is Node's, for example `ECONNREFUSED`. */
      readonly kind: "transport";
      readonly code: string;
    }
  | { readonly kind: "timeout"; readonly afterMs: number }
  | { readonly kind: "wrong-plane"; readonly provenance: Provenance }
  | { readonly kind: "mismatch"; readonly mismatches: readonly ClaimMismatch[] }
  | { readonly kind: "unverifiable"; readonly problem: string }
  | { readonly kind: "expiring"; readonly lifeMs: number }
  | { readonly kind: "gate-closed"; readonly gateReason: string }
  | { readonly kind: "no-token" }
  /** A wrapped or delegated credential threw. */
  | { readonly kind: "thrown"; readonly error: unknown };

/** Carries evidence from where an attempt failed to where it is classified. Never leaves the library but as a cause. */
export class AttemptFailure extends Error {
  static {
    this.prototype.name = "AttemptFailure";
  }

  readonly evidence: FailureEvidence;

  constructor(message: string, evidence: FailureEvidence, options?: ErrorOptions) {
    super(message, options);
    this.evidence = evidence;
  }
}
