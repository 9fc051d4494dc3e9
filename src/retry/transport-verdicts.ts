import type { ClassificationContext, VerdictRow } from "./verdict.js";

interface TransportRow extends VerdictRow {
  readonly codes: ReadonlySet<string>;
  readonly when?: (context: ClassificationContext) => boolean;
}

const NODE_ERRORS = "nodejs.org, Common system errors";

/**
 * `network_error` is what MSAL makes of any answer that is no JSON, every error of NMI included, and of connections that
 * failed; `endpoints_resolution_error` of either while it looks for the endpoints of an authority.
 */
export const MSAL_CODES: ReadonlySet<string> = new Set(["NETWORK_ERROR", "ENDPOINTS_RESOLUTION_ERROR"]);

const UNROUTABLE: ReadonlySet<string> = new Set([
  "ENETUNREACH",
  "EHOSTUNREACH",
  "EHOSTDOWN",
  "EADDRNOTAVAIL",
]);

const TIMED_OUT: ReadonlySet<string> = new Set([
  "ETIMEDOUT",
  "ESOCKETTIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
]);

/** Codes of connections that failed. Anything else that the endpoint's own connection says counts as one of them. */
const FAILED: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ENETDOWN",
  "ERR_SOCKET_CONNECTION_TIMEOUT",
  "UND_ERR_SOCKET",
  "REQUEST_SEND_ERROR",
]);

const CONNECTION: VerdictRow = {
  reason: "connection-failed",
  meaning: "No connection to the identity plane, or it broke off; NMI may be starting, or have crashed.",
  remedy: "Wait; if it lasts, look at the NMI pod on this node, or at the network policies of this pod.",
  source: `${NODE_ERRORS}; aad-pod-identity pkg/nmi/server/server.go (a crash leaves the rule, and nobody listens)`,
};

const EGRESS =
  "If it lasts, check that network policies, firewalls and proxies let this pod reach Entra ID (login.microsoftonline.com, or AZURE_AUTHORITY_HOST).";

/** Whether it is Entra ID that did not answer. */
export function asksEntra({ entra, plane }: ClassificationContext): boolean {
  return entra === true || plane === "workload-identity";
}

const ROWS: readonly TransportRow[] = [
  {
    codes: TIMED_OUT,
    when: asksEntra,
    reason: "timeout",
    meaning: "Entra ID did not answer in time.",
    remedy: EGRESS,
    source: NODE_ERRORS,
  },
  {
    codes: new Set([...FAILED, ...UNROUTABLE, ...MSAL_CODES]),
    when: asksEntra,
    reason: "connection-failed",
    meaning:
      "No connection to Entra ID, or an answer that Entra ID does not give; the Azure SDK may not say which.",
    remedy: EGRESS,
    source: `${NODE_ERRORS}; msal-node client/ConfidentialClientApplication.ts; measured with @azure/identity 4.13.1`,
  },
  {
    codes: UNROUTABLE,
    when: ({ plane, inKubernetes, namesSource }) =>
      plane === undefined && !inKubernetes && namesSource !== true,
    reason: "no-identity-source",
    permanent: true,
    meaning: "This machine has no identity endpoint.",
    remedy: "Run where a managed identity exists, or configure another credential.",
    source: "@azure/identity managedIdentityCredential/index.js (isNetworkError)",
  },
  {
    codes: TIMED_OUT,
    reason: "timeout",
    meaning: "The identity plane did not answer in time.",
    remedy:
      "If it lasts, check that no network policy blocks the identity endpoint (127.0.0.1:2579 for NMI).",
    source: `${NODE_ERRORS}; aad-pod-identity#716, #821`,
  },
  {
    codes: MSAL_CODES,
    reason: "connection-failed",
    meaning:
      "The Azure SDK got no answer, or one that is no JSON, as all errors of NMI are; it does not say which.",
    remedy: "Wait; if it lasts, look at the NMI pod on this node.",
    source: "msal-node client/ManagedIdentitySources/BaseManagedIdentitySource.ts (network_error)",
  },
  { ...CONNECTION, codes: new Set([...FAILED, ...UNROUTABLE]) },
];

/** For the code of a connection that is known to have failed. */
export function transportVerdict(code: string, context: ClassificationContext): VerdictRow {
  return networkVerdict(new Set([code]), context) ?? CONNECTION;
}

/** For codes that may be anything; `undefined` where none is of the network. */
export function networkVerdict(
  codes: ReadonlySet<string>,
  context: ClassificationContext,
): VerdictRow | undefined {
  return ROWS.find((row) => (row.when?.(context) ?? true) && [...codes].some((code) => row.codes.has(code)));
}
