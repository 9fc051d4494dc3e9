import type { Plane } from "./plane.js";

/**
 * Why an attempt failed. A closed union; adding a member is a minor release.
 *
 * @public
 */
export type FailureReason =
  | "connection-failed" // no connection, or one that broke off
  | "timeout" // no answer in time
  | "assignment-pending" // NMI waits for the identity to reach the node
  | "identity-not-found" // the identity service does not know the identity on this node
  | "binding-not-found" // NMI has no binding for the pod and this identity
  | "pod-cache-lag" // NMI does not know the pod yet
  | "imds-unreachable" // NMI is up, and IMDS does not answer it
  | "imds-updating" // IMDS is being updated
  | "throttled" // too many requests on this node, or in this tenant
  | "bypass" // IMDS answered where NMI should have
  | "wrong-plane" // a token came, and not through the gated plane
  | "multiple-identities" // several identities, and the request names none
  | "invalid-request" // refused for its form
  | "resource-not-found" // nobody knows the resource that the token is for
  | "federation-pending" // Entra ID finds no federated credential for the service account, or no key of its issuer
  | "assertion-expired" // the service account token is outside of its time
  | "application-not-found" // Entra ID does not know the client ID
  | "server-error" // an error of the service that answered
  | "invalid-answer" // an answer that is no token response
  | "identity-mismatch" // the token of another identity
  | "token-unverifiable" // a token whose claims cannot be checked
  | "token-expired" // a token with too little life left
  | "gate-closed" // the gate closed during the attempt
  | "no-token" // the credential returned nothing
  | "no-identity-source" // there is nobody to ask
  | "credential-rejected" // Entra ID refuses the credential
  | "credential-error"; // anything else

/** What a failure means, and whether asking again may help. */
export interface Verdict {
  /** Asking again does not help: all callers are rejected at once. */
  readonly permanent: boolean;
  readonly reason: FailureReason;
  /** The node is asked less often: the next attempt waits 10 to 20 s. */
  readonly throttled: boolean;
  /** Transient until this long after its first occurrence, then permanent. Milliseconds. */
  readonly limitMs?: number;
  /** One sentence for the person on call. Holds nothing of the evidence. */
  readonly meaning: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** What is known of the place where the attempt was made. */
export interface ClassificationContext {
  /** The plane through which the gate was seen open; `undefined` without a gate of this library. */
  readonly plane: Plane | undefined;
  readonly inKubernetes: boolean;
  /** The answer came out of `@azure/identity` or another wrapped credential. */
  readonly delegated: boolean;
  /** The request goes to Entra ID, past any identity endpoint of the node. */
  readonly entra?: boolean;
  /** The environment names who is asked (App Service, Azure Arc, Workload ID ...): there is somebody. */
  readonly namesSource?: boolean;
}

/** A line of a classification table. */
export interface VerdictRow {
  readonly reason: FailureReason;
  /** Default: transient. */
  readonly permanent?: boolean;
  /** Default: not throttled. */
  readonly throttled?: boolean;
  readonly limitMs?: number;
  readonly meaning: string;
  readonly remedy: string;
  /** Where it is known from. */
  readonly source: string;
}

export function verdictOf(row: VerdictRow): Verdict {
  const { reason, permanent = false, throttled = false, limitMs, meaning, remedy } = row;
  return { permanent, reason, throttled, ...(limitMs === undefined ? {} : { limitMs }), meaning, remedy };
}
