/** Marks the error across two copies of the package (ESM beside CommonJS, two versions), where `instanceof` fails. */
const BRAND: unique symbol = Symbol.for("azure-identity-guard.error");

/**
 * What one token request came to. Holds no token and no claim set.
 *
 * @public
 */
export interface AttemptRecord {
  /** 1 for the first attempt of an acquisition. */
  readonly number: number;
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: number;
  /** Milliseconds since the Unix epoch. */
  readonly endedAt: number;
  readonly outcome: "token" | "rejected" | "failed" | "abandoned";
  /** HTTP status, where an answer came. */
  readonly status?: number;
  /** A {@link FailureReason}; absent when a verified token came. */
  readonly reason?: string;
  /** A {@link Provenance}: who answered, as far as the answer shows. */
  readonly provenance?: string;
}

/**
 * A claim that contradicts the expectation. Identifiers only, never the token.
 *
 * @public
 */
export interface ClaimMismatch {
  /** Name of the claim in the token, for example `oid`. */
  readonly claim: string;
  readonly saw: string | undefined;
  readonly expected: readonly string[];
}

/**
 * One option or environment variable that cannot be used.
 *
 * @public
 */
export interface ConfigurationProblem {
  /** The environment variable or the option's path, for example `AZURE_IDENTITY_GUARD_RETRY_BUDGET` or `retry.budgetMs`. */
  readonly name: string;
  /** The value as given, shortened to 100 characters. */
  readonly value: string;
  /** What would be accepted, and where useful how to give it. */
  readonly expected: string;
}

/** Fields of every error that a `getToken` call can end with. */
interface AcquisitionDetails {
  /** Attempts of the acquisition that the caller took part in; the last 20. */
  readonly attempts: readonly AttemptRecord[];
  /** How long the caller waited, in milliseconds. */
  readonly waitedMs: number;
}

/**
 * What each code carries in {@link IdentityGuardError.details}.
 *
 * @public
 */
export interface ErrorDetails {
  /** Options or environment cannot be used; thrown by constructors, or by `getToken` for a bad scope. */
  ERR_GUARD_CONFIGURATION: { readonly problems: readonly ConfigurationProblem[] };
  /** The gate was closed when the budget ended, or is closed for good. */
  ERR_GUARD_GATE_CLOSED: AcquisitionDetails & {
    readonly gate: string;
    /** A {@link GateReason}. */
    readonly reason: string;
    readonly permanent: boolean;
    readonly remedy?: string;
  };
  /** The last token was somebody else's. */
  ERR_GUARD_IDENTITY_MISMATCH: AcquisitionDetails & { readonly mismatches: readonly ClaimMismatch[] };
  /** The last answer did not come through the gated plane. */
  ERR_GUARD_BYPASS: AcquisitionDetails & { readonly reason: string };
  /** The token cannot be decoded, or lacks a claim that the expectation names. */
  ERR_GUARD_TOKEN_UNVERIFIABLE: AcquisitionDetails & { readonly reason: string };
  /** Attempts failed for a transient reason until the budget ended. */
  ERR_GUARD_BUDGET_SPENT: AcquisitionDetails & { readonly reason: string; readonly budgetMs: number };
  /** Refused for a reason that asking again does not change. */
  ERR_GUARD_REJECTED: AcquisitionDetails & { readonly reason: string; readonly remedy?: string };
  /** The credential was closed. */
  ERR_GUARD_CLOSED: AcquisitionDetails;
}

/**
 * The closed set of codes; adding one is a minor release, changing or removing one a major.
 *
 * @public
 */
export type GuardErrorCode = keyof ErrorDetails;

/**
 * The one error class of the library. Branch on `code`; `cause` is the last underlying error, redacted.
 * Its name is never `CredentialUnavailableError`, on which a chain of credentials would silently move on to the
 * next identity.
 *
 * @public
 */
export class IdentityGuardError<C extends GuardErrorCode = GuardErrorCode> extends Error {
  static {
    // On the prototype and literal: the stack shows it, and minifiers cannot change it.
    this.prototype.name = "IdentityGuardError";
    Object.defineProperty(this.prototype, BRAND, { value: true });
  }

  readonly code: C;
  readonly details: ErrorDetails[C];

  constructor(code: C, message: string, details: ErrorDetails[C], options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.details = details;
  }
}

/**
 * An {@link IdentityGuardError} of any code: a `switch` over `code` narrows `details`.
 *
 * @public
 */
export type AnyIdentityGuardError = { [C in GuardErrorCode]: IdentityGuardError<C> }[GuardErrorCode];

/**
 * Whether `error` is an {@link IdentityGuardError}, of any copy of the package, and has `code` where one is given.
 *
 * @public
 */
export function isGuardError(error: unknown): error is AnyIdentityGuardError;
/** @public */
export function isGuardError<C extends GuardErrorCode>(
  error: unknown,
  code: C,
): error is IdentityGuardError<C>;
export function isGuardError(error: unknown, code?: GuardErrorCode): boolean {
  return (
    error instanceof Error && BRAND in error && "code" in error && (code === undefined || error.code === code)
  );
}
