import { entraCodesIn, type FailureFacts } from "./failure-facts.js";
import type { VerdictRow } from "./verdict.js";

interface EntraRow extends VerdictRow {
  readonly codes: RegExp;
  /** The codes speak of the assertion, and not of the application, the tenant or the resource. */
  readonly assertion?: true;
}

const REFUSED = { reason: "credential-rejected", permanent: true } as const;

/**
 * Federated credentials propagate for seconds, at times for a few minutes, and replicas disagree meanwhile: Microsoft
 * advises to ask again in that window, also after a success.
 */
const PROPAGATION_MS = 180_000;

/** `WorkloadIdentityCredential` keeps the token file's contents for 5 min; one minute on top for the clocks. */
const STALE_FILE_MS = 360_000;

const ERROR_CODES = "learn.microsoft.com, Microsoft Entra authentication and authorization error codes";

/** By `AADSTS` code. Microsoft warns that codes change, so an unknown one is left to the rows for HTTP and OAuth. */
const ROWS: readonly EntraRow[] = [
  {
    codes: /^(?:70021|7002\d{2,3})$/u,
    assertion: true,
    reason: "federation-pending",
    limitMs: PROPAGATION_MS,
    meaning:
      "Entra ID finds no federated credential for this service account; a new one takes minutes to be known.",
    remedy:
      "Compare issuer (with its trailing slash), subject and audience of the identity's federated credential with those presented; case matters.",
    source:
      "learn.microsoft.com, Important considerations and restrictions for federated identity credentials; azure-workload-identity#1200, kedacore/keda#8152",
  },
  {
    codes: /^700024$/u,
    assertion: true,
    reason: "assertion-expired",
    limitMs: STALE_FILE_MS,
    meaning:
      "The service account token is outside of its time: an old copy of the file was sent, or clocks differ.",
    remedy: "If it lasts, compare the node's clock, and check that the projected token file is renewed.",
    source: `${ERROR_CODES}; @azure/identity workloadIdentityCredential.ts (5 min cache of the file)`,
  },
  {
    codes: /^7000272$/u,
    assertion: true,
    reason: "federation-pending",
    limitMs: PROPAGATION_MS,
    meaning:
      "Entra ID does not find the key of the service account token at the cluster's OIDC issuer, or not yet.",
    remedy:
      "Check that the issuer publishes its present signing keys (jwks_uri), and that they can be reached from the internet.",
    source: "learn.microsoft.com/error (AADSTS7000272); kubernetes.io, Service account issuer discovery",
  },
  {
    codes: /^(?:700016|7000229)$/u,
    reason: "application-not-found",
    limitMs: PROPAGATION_MS,
    meaning: "Entra ID does not know the client ID in this tenant, or not yet.",
    remedy:
      "Compare AZURE_CLIENT_ID and AZURE_TENANT_ID with the identity; an application needs a service principal in the tenant.",
    source: `${ERROR_CODES}; learn.microsoft.com/error (AADSTS7000229)`,
  },
  {
    codes: /^(?:50001|500011|500014)$/u,
    reason: "resource-not-found",
    permanent: true,
    meaning: "The tenant does not know the resource that the token is asked for.",
    remedy: "Correct the scope, or the tenant.",
    source: `${ERROR_CODES}; learn.microsoft.com, How to use managed identities on a VM to acquire an access token`,
  },
  {
    codes: /^90061$/u,
    assertion: true,
    reason: "server-error",
    limitMs: PROPAGATION_MS,
    meaning: "Entra ID could not reach the cluster's OIDC issuer.",
    remedy: "Check that the issuer URL, and the jwks_uri that it names, can be reached from the internet.",
    source: `${ERROR_CODES}; azure-workload-identity docs, troubleshooting`,
  },
  {
    codes: /^(?:90033|90024)$/u,
    reason: "server-error",
    meaning: "Entra ID met a passing fault.",
    remedy: "Wait.",
    source: ERROR_CODES,
  },
  {
    codes: /^(?:90055|50196)$/u,
    reason: "throttled",
    throttled: true,
    meaning: "Entra ID limits the requests of this tenant or of this application.",
    remedy: "If it lasts, look for a program that asks for tokens without a cache.",
    source: ERROR_CODES,
  },
  {
    ...REFUSED,
    codes: /^(?:90002|90013|900021|900023|900144)$/u,
    meaning: "Entra ID knows no such tenant, or cannot read the request.",
    remedy:
      "Correct AZURE_TENANT_ID (or the tenantId option), or the AZURE_AUTHORITY_HOST of the tenant's cloud; waiting does not help.",
    source: `${ERROR_CODES}; microsoft/azure-devops-mcp#587 (900021, an empty GUID), caddy-dns/azure#3 (900023)`,
  },
  {
    ...REFUSED,
    codes: /^(?:700021|700023|700027|50027)$/u,
    assertion: true,
    meaning: "Entra ID refuses the assertion.",
    remedy:
      "Correct the certificate, or the service account token: its issuer, signature and audience, and the client ID; waiting does not help.",
    source: ERROR_CODES,
  },
  {
    ...REFUSED,
    codes: /^(?:7000215|7000222|700025|7000112|7000218|53003|70011|1002012|500208)$/u,
    meaning: "Entra ID refuses the credential or the scope.",
    remedy: "Correct the secret, certificate or scope; waiting does not help.",
    source: ERROR_CODES,
  },
];

const rowOf = (code: string): EntraRow | undefined => ROWS.find(({ codes }) => codes.test(code));

/** The row of the first known code. */
export function entraVerdict({ entraCodes }: FailureFacts): VerdictRow | undefined {
  return entraCodes.flatMap((code) => rowOf(code) ?? []).at(0);
}

/** Whether the text of an error says that the assertion was refused. */
export function concernsAssertion(text: string): boolean {
  return entraCodesIn(text).some((code) => rowOf(code)?.assertion === true);
}
