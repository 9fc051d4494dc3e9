import { isGuardError, type GuardErrorCode } from "../errors.js";
import { answerVerdict } from "./answer-verdicts.js";
import { AttemptFailure, type FailureEvidence } from "./attempt-failure.js";
import { thrownFacts, type ThrownFacts } from "./thrown-facts.js";
import { asksEntra, hasNoneButImds, MSAL_CODES, networkVerdict } from "./transport-verdicts.js";
import {
  verdictOf,
  type ClassificationContext,
  type FailureReason,
  type Verdict,
  type VerdictRow,
} from "./verdict.js";

interface ThrownRow extends VerdictRow {
  readonly when: (facts: ThrownFacts, context: ClassificationContext) => boolean;
}

const PROGRAMMING_ERRORS: ReadonlySet<string> = new Set(["TypeError", "RangeError", "ReferenceError"]);

/** Names by which a chain of `@azure/identity` knows that a credential cannot be used here. */
const UNAVAILABLE: ReadonlySet<string> = new Set([
  "CredentialUnavailableError",
  "AggregateAuthenticationError",
]);

const outermost = ({ names }: ThrownFacts): string => names[0] ?? "";

/** What the outermost error is, before anything that it says. */
const BY_NAME: readonly ThrownRow[] = [
  {
    reason: "credential-error",
    permanent: true,
    meaning: "The credential failed on an error of its program.",
    remedy: "Correct the credential or its options; the cause says where.",
    source: "ECMA-262, NativeError types; fetch wraps failures of the network into a TypeError with a cause",
    // Deeper in the chain such an error is often what the SDK makes of an empty answer, which passes.
    when: (facts, context) =>
      PROGRAMMING_ERRORS.has(outermost(facts)) &&
      networkVerdict(facts.codes, context) === undefined &&
      !/fetch failed|terminated/u.test(facts.text),
  },
];

/** What is left where neither an answer nor a connection shows. */
const LAST: readonly ThrownRow[] = [
  {
    reason: "credential-rejected",
    permanent: true,
    meaning: "The token is asked for in a tenant that the credential may not use.",
    remedy:
      "Add the tenant to additionallyAllowedTenants of the credential, or correct the resource's tenant.",
    source: "@azure/identity util/tenantIdUtils.ts (processMultiTenantRequest)",
    when: ({ text }) => text.includes("not configured to acquire tokens for tenant"),
  },
  {
    reason: "invalid-answer",
    // What a 400 without a known form becomes, too, which may never pass.
    limitMs: 70_000,
    meaning: "The answer is no token response.",
    remedy: "If it lasts, look for a proxy between the pod and the identity service.",
    source: "@azure/identity msal/utils.ts (ensureValidMsalToken); measured with 4.13.1",
    when: ({ names, text }) =>
      names.includes("AuthenticationRequiredError") && /response had no "\w+" property/u.test(text),
  },
  {
    reason: "credential-error",
    meaning: "The service account token could not be read.",
    remedy: "If it lasts, look at the file that AZURE_FEDERATED_TOKEN_FILE names.",
    source: "@azure/identity workloadIdentityCredential.ts (readFileContents); measured with 4.13.1",
    when: ({ names, text }) =>
      names.includes("AuthenticationRequiredError") && /\be[a-z]{4,8}: [^\n]*, (?:open|read)\b/u.test(text),
  },
  {
    reason: "credential-error",
    meaning: "The Azure SDK does not say what failed.",
    remedy: "If it lasts, look at the cause.",
    source:
      "@azure/identity errors.ts (AuthenticationRequiredError): nobody can sign in to these credentials",
    when: ({ names }, context) =>
      names.includes("AuthenticationRequiredError") && (asksEntra(context) || context.namesSource === true),
  },
  {
    reason: "credential-rejected",
    permanent: true,
    meaning: "The credential needs somebody to sign in.",
    remedy: "Use a credential that needs nobody, or sign in before.",
    // Last of its kind: the SDK makes such an error of every failure that MSAL reports, passing ones included.
    source: "@azure/identity errors.ts (AuthenticationRequiredError), msal/utils.ts (handleMsalError)",
    when: ({ names }) => names.includes("AuthenticationRequiredError"),
  },
  {
    reason: "timeout",
    meaning: "The credential gave up waiting.",
    remedy: "If it lasts, look at what it waits for.",
    source: "WHATWG DOM, AbortSignal.timeout",
    when: ({ names }) => names.includes("TimeoutError") || names.includes("AbortError"),
  },
];

const UNKNOWN: VerdictRow = {
  reason: "credential-error",
  meaning: "The credential failed in a way that says nothing known.",
  remedy: "If it lasts, look at the cause.",
  source: "what nobody knows is asked again: a refusal for good would need a restart",
};

const NO_SOURCE: VerdictRow = {
  reason: "no-identity-source",
  permanent: true,
  meaning: "No credential can be used on this machine.",
  remedy: "Sign in with a developer tool, configure a credential, or run where a managed identity exists.",
  source: "@azure/identity chainedTokenCredential.ts",
};

/** Codes of a guard inside this one that mean the same however often it is asked. */
const PERMANENT_CODES: readonly GuardErrorCode[] = [
  "ERR_GUARD_CONFIGURATION",
  "ERR_GUARD_CLOSED",
  "ERR_GUARD_REJECTED",
  "ERR_GUARD_TOKEN_UNVERIFIABLE",
];

/**
 * For what a wrapped or delegated credential threw, which may be any value. `classify` decides on evidence that a
 * member of the chain carries.
 */
export function thrownVerdict(
  error: unknown,
  context: ClassificationContext,
  classify: (evidence: FailureEvidence, context: ClassificationContext) => Verdict,
): Verdict {
  try {
    const facts = thrownFacts(error);
    const carried = facts.chain.find((member) => member instanceof AttemptFailure);
    // Evidence of this kind could lead back to itself.
    if (carried !== undefined && carried.evidence.kind !== "thrown")
      return classify(carried.evidence, context);
    const row = rowFor(error, facts, context);
    return verdictOf(hasNoSource(row, facts, context) ? NO_SOURCE : row);
  } catch {
    return verdictOf(UNKNOWN); // a proxy that throws whatever it is asked
  }
}

function rowFor(error: unknown, facts: ThrownFacts, context: ClassificationContext): VerdictRow {
  const first = (rows: readonly ThrownRow[]): VerdictRow | undefined =>
    rows.find(({ when }) => when(facts, context));
  return (
    guardRow(error) ??
    first(BY_NAME) ??
    answerVerdict(facts, context) ??
    networkVerdict(facts.codes, context) ??
    first(LAST) ??
    UNKNOWN
  );
}

function guardRow(error: unknown): VerdictRow | undefined {
  if (!isGuardError(error)) return undefined;
  return {
    reason: "credential-error",
    permanent: PERMANENT_CODES.includes(error.code),
    meaning: "A guarded credential inside this one gave up.",
    remedy: "Its own error says why; guard a credential once only.",
    source: "errors.ts of this package",
  };
}

/** Reasons that say no more than that nobody answered. */
const VAGUE: ReadonlySet<FailureReason> = new Set(["credential-error", "connection-failed", "timeout"]);

/**
 * Whether there is nobody to ask. On a laptop nothing that is missing will come by waiting, and the SDK's own chain
 * would have failed at once; where somebody answered, or the environment names somebody, waiting may help as anywhere.
 */
function hasNoSource(row: VerdictRow, facts: ThrownFacts, context: ClassificationContext): boolean {
  return (
    context.delegated &&
    hasNoneButImds(context) &&
    facts.names.some((name) => UNAVAILABLE.has(name)) &&
    row.permanent !== true &&
    VAGUE.has(row.reason) &&
    !somebodyAnswered(facts)
  );
}

/**
 * `error(s):` is in what MSAL makes of a refusal that it could read. It calls an answer without JSON a network error, and
 * a connection that failed as well; a chain comes as far as that only after somebody answered its probe of IMDS
 * (@azure/identity managedIdentityCredential/imdsMsi.ts), or at Entra ID.
 */
function somebodyAnswered({ status, text, names, codes }: ThrownFacts): boolean {
  return (
    status !== undefined ||
    text.includes("error(s):") ||
    (names[0] === "AggregateAuthenticationError" && [...MSAL_CODES].some((code) => codes.has(code)))
  );
}
