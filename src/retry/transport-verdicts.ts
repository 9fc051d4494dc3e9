import type { Plane } from "./plane.js";
import type { ClassificationContext, VerdictRow } from "./verdict.js";

type When = (context: ClassificationContext) => boolean;

interface TransportRow extends VerdictRow {
  readonly codes: ReadonlySet<string>;
  readonly when?: When;
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

/** Codes by which Node.js refuses the certificate of a server. */
const UNTRUSTED: ReadonlySet<string> = new Set([
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_UNTRUSTED",
  "CERT_REJECTED",
  "CERT_NOT_YET_VALID",
  "CERT_HAS_EXPIRED",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

export const EGRESS =
  "If it lasts, check that network policies, firewalls and proxies let this pod reach Entra ID (login.microsoftonline.com, or AZURE_AUTHORITY_HOST).";

const ENTRA_HINTS =
  " The SDK says the same of a wrong AZURE_TENANT_ID, and of a certificate whose CA is unknown here (NODE_EXTRA_CA_CERTS).";

/** Whether it is Entra ID that did not answer. */
export function asksEntra({ entra, plane }: ClassificationContext): boolean {
  return entra === true || plane === "workload-identity";
}

/** Whether nobody can be asked but IMDS, and nothing says that there is one. */
export function hasNoneButImds({ plane, inKubernetes, namesSource }: ClassificationContext): boolean {
  return plane === undefined && !inKubernetes && namesSource !== true;
}

const onPlane =
  (expected: Plane): When =>
  ({ plane }) =>
    plane === expected;

const TIMEOUT_ROWS: readonly Omit<TransportRow, "codes">[] = [
  {
    when: asksEntra,
    reason: "timeout",
    meaning: "Entra ID did not answer in time.",
    remedy: EGRESS,
    source: NODE_ERRORS,
  },
  {
    when: onPlane("nmi"),
    reason: "timeout",
    meaning: "NMI did not answer in time; it holds requests for up to 100 s while an identity is assigned.",
    remedy: "If it lasts, check that no network policy blocks 127.0.0.1:2579, and look at the MIC pods' log.",
    source: `${NODE_ERRORS}; aad-pod-identity pkg/nmi/standard.go; #716, #821`,
  },
  {
    when: onPlane("proxy"),
    reason: "timeout",
    meaning: "The Workload ID migration proxy did not answer in time; it asks Entra ID, and may wait for it.",
    remedy: EGRESS,
    source: `${NODE_ERRORS}; azure-workload-identity pkg/proxy/proxy.go`,
  },
  {
    reason: "timeout",
    meaning: "The identity endpoint did not answer in time.",
    remedy: "If it lasts, check that nothing on the way blocks it, and look at its log.",
    source: NODE_ERRORS,
  },
];

const ENDPOINT_FAILED: VerdictRow = {
  reason: "connection-failed",
  meaning: "No connection to the identity endpoint, or it broke off.",
  remedy: "Wait; if it lasts, check that the endpoint runs, and that nothing on the way blocks it.",
  source: NODE_ERRORS,
};

const CONNECTION_ROWS: readonly Omit<TransportRow, "codes">[] = [
  {
    when: asksEntra,
    reason: "connection-failed",
    meaning: "No connection to Entra ID, or it broke off.",
    remedy: EGRESS,
    source: NODE_ERRORS,
  },
  {
    when: onPlane("nmi"),
    reason: "connection-failed",
    meaning: "No connection to the identity plane, or it broke off; NMI may be starting, or have crashed.",
    remedy: "Wait; if it lasts, look at the NMI pod on this node, or at the network policies of this pod.",
    source: `${NODE_ERRORS}; aad-pod-identity pkg/nmi/server/server.go (a crash leaves the rule, and nobody listens)`,
  },
  {
    when: onPlane("proxy"),
    reason: "connection-failed",
    meaning: "No connection to the Workload ID migration proxy, or it broke off.",
    remedy: "Wait; if it lasts, look at the log of the container azwi-proxy of this pod.",
    source: `${NODE_ERRORS}; azure-workload-identity pkg/webhook (azwi-proxy)`,
  },
  ENDPOINT_FAILED,
];

const ROWS: readonly TransportRow[] = [
  {
    codes: UNTRUSTED,
    reason: "connection-failed",
    meaning:
      "The certificate of the service that answered, or of a proxy on the way to it, is not trusted here.",
    remedy:
      "Set NODE_EXTRA_CA_CERTS to a file with the certificate of its CA, or correct AZURE_AUTHORITY_HOST; an expired one may mean a wrong clock.",
    source: "nodejs.org, TLS (X509 certificate error codes)",
  },
  {
    codes: MSAL_CODES,
    when: asksEntra,
    reason: "connection-failed",
    meaning:
      "No connection to Entra ID, or an answer that Entra ID does not give; the Azure SDK may not say which.",
    remedy: EGRESS + ENTRA_HINTS,
    source: `${NODE_ERRORS}; msal-node client/ConfidentialClientApplication.ts; measured with @azure/identity 4.13.1`,
  },
  {
    codes: UNROUTABLE,
    when: (context) => hasNoneButImds(context) && !asksEntra(context),
    reason: "no-identity-source",
    permanent: true,
    meaning: "This machine has no identity endpoint.",
    remedy: "Run where a managed identity exists, or configure another credential.",
    source: "@azure/identity managedIdentityCredential/index.js (isNetworkError)",
  },
  ...TIMEOUT_ROWS.map((row) => ({ ...row, codes: TIMED_OUT })),
  {
    codes: MSAL_CODES,
    when: onPlane("nmi"),
    reason: "connection-failed",
    meaning:
      "The Azure SDK got no answer, or one that is no JSON, as all errors of NMI are; it does not say which.",
    remedy: "Wait; if it lasts, look at the NMI pod on this node.",
    source: "msal-node client/ManagedIdentitySources/BaseManagedIdentitySource.ts (network_error)",
  },
  {
    codes: MSAL_CODES,
    reason: "connection-failed",
    meaning: "The Azure SDK got no answer, or one that is no JSON; it does not say which.",
    remedy:
      "Wait; if it lasts, check that the identity endpoint runs, and that nothing on the way blocks it.",
    source: "msal-node client/ManagedIdentitySources/BaseManagedIdentitySource.ts (network_error)",
  },
  ...CONNECTION_ROWS.map((row) => ({ ...row, codes: new Set([...FAILED, ...UNROUTABLE]) })),
];

/** For the code of a connection that is known to have failed; one that nobody knows is like one that broke off. */
export function transportVerdict(code: string, context: ClassificationContext): VerdictRow {
  const verdictFor = (known: string): VerdictRow | undefined => networkVerdict(new Set([known]), context);
  return verdictFor(code) ?? verdictFor("ECONNRESET") ?? ENDPOINT_FAILED;
}

/** Where an attempt had no answer within its time. */
export function timeoutVerdict(context: ClassificationContext): VerdictRow {
  return transportVerdict("ETIMEDOUT", context);
}

/** For codes that may be anything; `undefined` where none is of the network. */
export function networkVerdict(
  codes: ReadonlySet<string>,
  context: ClassificationContext,
): VerdictRow | undefined {
  return ROWS.find((row) => (row.when?.(context) ?? true) && [...codes].some((code) => row.codes.has(code)));
}
