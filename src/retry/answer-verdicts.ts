import type { AnswerRow } from "./answer-row.js";
import { ENTRA_STATUS_ROWS } from "./entra-status-verdicts.js";
import { entraVerdict } from "./entra-verdicts.js";
import type { FailureFacts } from "./failure-facts.js";
import { NMI_ROWS } from "./nmi-verdicts.js";
import { BYPASS, PLANE_ROWS } from "./plane-verdicts.js";
import { STATUS_ROWS } from "./status-verdicts.js";
import type { ClassificationContext, VerdictRow } from "./verdict.js";

const IMDS_ERRORS =
  "learn.microsoft.com, How to use managed identities for Azure resources on an Azure VM to acquire an access token";

/** The identity service may lag behind an attachment by about a minute (aad-pod-identity website, Best Practices). */
const ATTACHMENT_LAG_MS = 70_000;

const saysMultiple = ({ text }: FailureFacts): boolean => text.includes("multiple user assigned identities");
const saysNotFound = ({ text }: FailureFacts): boolean => text.includes("identity not found");
const isEmbedded = ({ embeddedStatus }: FailureFacts): boolean => embeddedStatus !== undefined;

const MULTIPLE = {
  reason: "multiple-identities",
  meaning: "Several identities are attached to the node, and the request names none.",
  remedy: "Set the identity's client ID (AZURE_CLIENT_ID, or the clientId option).",
  source: IMDS_ERRORS,
} as const;

const NOT_FOUND = {
  reason: "identity-not-found",
  limitMs: ATTACHMENT_LAG_MS,
  meaning: "The identity service does not know this identity on this node, or not yet.",
  remedy:
    "Compare the client ID; an identity that was deleted and created again has to be detached from and attached to the node again.",
} as const;

/** Several identities are possible. */
const MULTIPLE_ROWS: readonly AnswerRow[] = [
  {
    ...MULTIPLE,
    // NMI always names the identity, except for pods under an AzurePodIdentityException.
    limitMs: ATTACHMENT_LAG_MS,
    source: "aad-pod-identity pkg/nmi/server/server.go (excepted pods)",
    when: (facts, { plane }) => plane === "nmi" && isEmbedded(facts) && saysMultiple(facts),
  },
  {
    ...BYPASS.nmi,
    source: "aad-pod-identity#1084, #1152: bound pods met it past NMI",
    when: (facts, { plane }) => plane === "nmi" && saysMultiple(facts),
  },
  { ...MULTIPLE, permanent: true, when: saysMultiple },
];

/** What IMDS says, directly or inside the text of NMI. */
const IMDS_ROWS: readonly AnswerRow[] = [
  {
    reason: "resource-not-found",
    permanent: true,
    meaning: "The tenant does not know the resource that the token is asked for.",
    remedy: "Correct the scope.",
    source: IMDS_ERRORS,
    when: ({ errors, text }) =>
      errors.has("invalid_resource") || /"error"\s*:\s*"invalid_resource"/u.test(text),
  },
  {
    ...BYPASS.nmi,
    source: "aad-pod-identity pkg/nmi/server/server.go: NMI wraps what IMDS says into a 403",
    when: (facts, { plane }) =>
      plane === "nmi" && facts.provenance !== "nmi" && !isEmbedded(facts) && saysNotFound(facts),
  },
  {
    ...NOT_FOUND,
    source: "aad-pod-identity#606, #681, #725; website, Known Issues",
    when: saysNotFound,
  },
];

/** The row for an HTTP answer, or for a thrown error that shows something of one. */
export function answerVerdict(facts: FailureFacts, context: ClassificationContext): VerdictRow | undefined {
  const first = (rows: readonly AnswerRow[]): VerdictRow | undefined =>
    rows.find(({ when }) => when(facts, context));
  return (
    first(PLANE_ROWS) ??
    first(MULTIPLE_ROWS) ??
    entraVerdict(facts) ??
    first(ENTRA_STATUS_ROWS) ??
    first(IMDS_ROWS) ??
    first(NMI_ROWS) ??
    first(STATUS_ROWS)
  );
}
