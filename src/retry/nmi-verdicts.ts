import type { AnswerRow } from "./answer-row.js";
import type { FailureFacts } from "./failure-facts.js";

/** Texts of NMI come with these; `undefined` is an error that lost its status. */
const NMI_STATUSES: ReadonlySet<number | undefined> = new Set([403, 404, 500, 503, undefined]);

const says =
  (pattern: RegExp) =>
  ({ status, text }: FailureFacts): boolean =>
    NMI_STATUSES.has(status) && pattern.test(text);

const embeds =
  (test: (status: number) => boolean) =>
  ({ embeddedStatus }: FailureFacts): boolean =>
    embeddedStatus !== undefined && test(embeddedStatus);

/** NMI has already asked IMDS five times over 112 s when it says so, so the node is left alone for a while. */
const HIDDEN_RETRIES = "go-autorest autorest/adal/token.go (doRetryWithRegistration)";

const LOOKUP = "aad-pod-identity pkg/nmi/standard.go";

/** By the text of NMI. The texts are those of v1.8.17, the last release; 404 becomes 503 with set-retry-after-header. */
export const NMI_ROWS: readonly AnswerRow[] = [
  {
    reason: "assignment-pending",
    meaning: "NMI waits for the identity to reach this node, which takes up to a minute on a scale set.",
    remedy:
      "If it lasts, look at the MIC pods' log: the cluster may lack permission on the node or on the identity.",
    source: `${LOOKUP}; website, Best Practices (10 to 60 s); aad-pod-identity#585, #838`,
    when: says(/in (?:created|assigned) state/u),
  },
  {
    reason: "binding-not-found",
    limitMs: 10_000,
    meaning: "NMI has no binding of this pod to the identity that was asked for.",
    remedy:
      "Compare the pod's aadpodidbinding label and the client ID, whose case matters here, with AzureIdentity and AzureIdentityBinding.",
    source: `${LOOKUP}, pkg/nmi/managed.go`,
    when: says(/no azure identity found/u),
  },
  {
    reason: "binding-not-found",
    limitMs: 10_000,
    meaning: "NMI found an identity of another namespace only, and fails on it.",
    remedy: "Bind the pod to an AzureIdentity of its own namespace, or name the client ID.",
    source: "aad-pod-identity pkg/nmi/server/server.go (namespaced mode)",
    when: says(/index out of range/u),
  },
  {
    reason: "pod-cache-lag",
    limitMs: 30_000,
    meaning: "NMI does not know this pod yet, or cannot tell it from another.",
    remedy: "If it lasts, check that NMI reaches the API server.",
    source: "aad-pod-identity pkg/nmi/server/server.go, pkg/nmi/managed.go; #780, #761, #473",
    when: says(/pod list is empty|failed to match pod ip|pod \S+\/\S+ doesn't exist/u),
  },
  {
    reason: "server-error",
    meaning: "NMI cannot read the Kubernetes secret of a service principal identity.",
    remedy: "Check that the secret which AzureIdentity names exists, and that NMI may read it.",
    source: "aad-pod-identity pkg/auth/auth.go",
    when: says(/failed to get kubernetes secret/u),
  },
  {
    reason: "imds-unreachable",
    meaning: "NMI is up, and IMDS does not answer it.",
    remedy: "If it lasts, check the node: IMDS is served by its host.",
    source: "go-autorest autorest/adal/token.go; aad-pod-identity#1206",
    when: says(/failed to execute the refresh request/u),
  },
  {
    reason: "invalid-answer",
    meaning: "IMDS answered NMI with something that is no token response.",
    remedy: "If it lasts, check the node: IMDS is served by its host.",
    source: "go-autorest autorest/adal/token.go",
    when: says(/adal: failed to unmarshal/u),
  },
  {
    reason: "throttled",
    throttled: true,
    meaning: "IMDS limits the requests of this node, which all its pods share.",
    remedy: "If it lasts, look for a pod on this node that asks for tokens without a cache.",
    source: `${HIDDEN_RETRIES}; aad-pod-identity#193`,
    when: embeds((status) => status === 429),
  },
  {
    reason: "imds-updating",
    throttled: true,
    meaning: "IMDS is being updated, which takes up to a few minutes.",
    remedy: "Wait.",
    source: `${HIDDEN_RETRIES}; Azure/azure-sdk-for-go#1848`,
    when: embeds((status) => status === 404 || status === 408 || status === 410),
  },
  {
    reason: "server-error",
    throttled: true,
    meaning: "IMDS or Entra ID answered NMI with an error of its own.",
    remedy: "Wait; if it lasts, check the node.",
    source: HIDDEN_RETRIES,
    when: embeds((status) => status >= 500),
  },
  {
    reason: "identity-not-found",
    limitMs: 70_000,
    meaning:
      "IMDS refused NMI's request: the identity is not attached to this node, not yet, or was created anew.",
    remedy:
      "Compare the AzureIdentity with the identity; one that was deleted and created again has new ids and has to be attached again.",
    source: "aad-pod-identity#606, #725; website, Known Issues",
    when: embeds((status) => status === 400),
  },
  {
    reason: "credential-rejected",
    limitMs: 70_000,
    meaning: "Entra ID or IMDS refused the identity that NMI asked for.",
    remedy:
      "Check the secret or certificate of a service principal identity, and the attachment of a managed one.",
    source: "go-autorest autorest/adal/token.go",
    when: embeds((status) => status > 400),
  },
];
