import type { AnswerRow } from "./answer-row.js";
import type { FailureFacts } from "./failure-facts.js";

const IMDS_ERRORS =
  "learn.microsoft.com, How to use managed identities for Azure resources on an Azure VM to acquire an access token";

const OAUTH =
  "RFC 6749, 5.2; learn.microsoft.com, Microsoft Entra authentication and authorization error codes";

/** OAuth words that stand for a decision, not for a fault. */
const REFUSALS: ReadonlySet<string> = new Set([
  "unauthorized_client",
  "access_denied",
  "invalid_grant",
  "invalid_scope",
  "unsupported_response_type",
  "unsupported_grant_type",
  "interaction_required",
  "consent_required",
  "unknown_source",
]);

const FAULTS: ReadonlySet<string> = new Set(["temporarily_unavailable", "server_error"]);

const hasError =
  (words: ReadonlySet<string>) =>
  ({ errors }: FailureFacts): boolean =>
    [...errors].some((word) => words.has(word));

const between =
  (from: number, to: number) =>
  ({ status }: FailureFacts): boolean =>
    status !== undefined && status >= from && status <= to;

const REFUSED = {
  reason: "credential-rejected",
  permanent: true,
  meaning: "The identity may not have this token.",
  remedy: "Check the identity, its assignment and the scope; waiting does not help.",
} as const;

const MALFORMED = {
  reason: "invalid-request",
  meaning: "The token request was refused for its form.",
  remedy:
    "Check the scope and the identity's id; a component between the pod and the endpoint may remove header fields.",
} as const;

const UPDATING = {
  reason: "imds-updating",
  meaning: "The identity endpoint is being updated, which takes up to a few minutes.",
  remedy: "Wait.",
} as const;

/** By status and OAuth error alone, which is all there is where the text was lost. */
export const STATUS_ROWS: readonly AnswerRow[] = [
  {
    reason: "invalid-answer",
    meaning: "The answer is no token response.",
    remedy: "If it lasts, look for a proxy or a service mesh between the pod and the identity endpoint.",
    source: "aad-pod-identity pkg/nmi/server/server.go; RFC 9110, 15.4 (no redirect is part of the protocol)",
    when: between(200, 399),
  },
  {
    reason: "throttled",
    throttled: true,
    meaning: "Too many token requests were made; on a node all pods share one limit.",
    remedy: "If it lasts, look for a pod on this node that asks for tokens without a cache.",
    source: "learn.microsoft.com, Azure Instance Metadata Service (20 requests/s and 5 concurrent per VM)",
    when: between(429, 429),
  },
  {
    ...UPDATING,
    throttled: true,
    source: `${IMDS_ERRORS}; Azure/azure-sdk-for-go#1848`,
    when: between(410, 410),
  },
  {
    reason: "timeout",
    meaning: "The service that answered gave up waiting.",
    remedy: "Wait.",
    source: "RFC 9110, 15.5.9",
    when: between(408, 408),
  },
  {
    reason: "server-error",
    meaning: "The service that answered met a passing fault.",
    remedy: "Wait; if it lasts, look at its log.",
    source: OAUTH,
    when: hasError(FAULTS),
  },
  {
    ...REFUSED,
    source: `${OAUTH}; ${IMDS_ERRORS}`,
    when: hasError(REFUSALS),
  },
  {
    ...REFUSED,
    permanent: false,
    // Without its AADSTS code this may be a federated credential that is still propagating.
    limitMs: 180_000,
    source: OAUTH,
    when: hasError(new Set(["invalid_client"])),
  },
  {
    ...MALFORMED,
    // 400 is also how IMDS says "Identity not found", which passes: here the text may have been lost.
    limitMs: 70_000,
    source: IMDS_ERRORS,
    when: ({ status, errors }, { delegated }) =>
      delegated && (status === 400 || errors.has("invalid_request")),
  },
  { ...MALFORMED, permanent: true, source: IMDS_ERRORS, when: between(400, 400) },
  {
    ...REFUSED,
    source: IMDS_ERRORS,
    when: ({ status }, { plane }) => status === 401 && plane !== "nmi" && plane !== "proxy",
  },
  {
    reason: "no-identity-source",
    meaning: "The network answers that nothing is at the identity endpoint's address.",
    remedy: "Run where a managed identity exists, or configure another credential.",
    source: "@azure/identity managedIdentityCredential/index.js (isNetworkError, Docker Desktop)",
    when: ({ status, text }) => status === 403 && text.includes("unreachable"),
  },
  {
    reason: "server-error",
    meaning: "NMI could not get the token, and its text does not say why.",
    remedy: "Look at the log of the NMI pod on this node.",
    // 403 stands for transient faults as well: NMI turns 400, 404, 410, 429 and 5xx of IMDS alike into it.
    source: "aad-pod-identity pkg/nmi/server/server.go",
    when: ({ status, provenance }, { plane }) => status === 403 && (plane === "nmi" || provenance === "nmi"),
  },
  { ...REFUSED, source: IMDS_ERRORS, when: between(403, 403) },
  {
    reason: "assignment-pending",
    meaning: "NMI found no identity for this pod, most likely because it has not reached this node yet.",
    remedy: "If it lasts, look at the MIC pods' log, and at the pod's aadpodidbinding label.",
    source: "aad-pod-identity pkg/nmi/server/server.go (404, or 503 with set-retry-after-header)",
    when: ({ status, provenance, retryAfter }, { plane }) =>
      (status === 404 && (plane === "nmi" || provenance === "nmi")) ||
      (status === 503 && retryAfter && provenance === "nmi"),
  },
  { ...UPDATING, source: IMDS_ERRORS, when: between(404, 404) },
  {
    reason: "imds-unreachable",
    meaning: "NMI is up, and could not carry out the token request.",
    remedy: "If it lasts, look at the log of the NMI pod on this node.",
    source: "aad-pod-identity pkg/nmi/server/server.go; #1206",
    when: ({ status, provenance }) => status === 503 && provenance === "nmi",
  },
  {
    reason: "server-error",
    meaning: "The service that answered met an error of its own.",
    remedy: "Wait; if it lasts, look at its log.",
    source: IMDS_ERRORS,
    when: between(500, 599),
  },
];
