import type { FailureReason } from "../../retry/verdict.js";
import { cut } from "./markup.js";

/** Why there is no token, in a clause that names nobody. */
const WORDS: Readonly<Record<FailureReason | "not-acquired", string>> = {
  "connection-failed": "no connection to the identity plane",
  timeout: "no answer in time",
  "assignment-pending": "the identity has not reached this node yet",
  "identity-not-found": "the identity is not known on this node",
  "binding-not-found": "NMI has no binding of this pod to the identity",
  "pod-cache-lag": "NMI does not know this pod yet",
  "imds-unreachable": "IMDS does not answer NMI",
  "imds-updating": "IMDS is being updated",
  throttled: "too many token requests",
  bypass: "IMDS itself answered",
  "wrong-plane": "the token did not come through the gated plane",
  "multiple-identities": "several identities are possible, and none was named",
  "invalid-request": "the token request was refused for its form",
  "resource-not-found": "nobody knows the resource that the token is for",
  "federation-pending": "Entra ID finds no federated credential for the service account",
  "assertion-expired": "the service account token is outside of its time",
  "application-not-found": "Entra ID does not know the client ID",
  "server-error": "the identity service answered with an error of its own",
  "invalid-answer": "the answer was no token response",
  "identity-mismatch": "the token was another identity's",
  "token-unverifiable": "the token's claims cannot be checked",
  "token-expired": "the token has too little life left",
  "gate-closed": "the gate closed in the meantime",
  "no-token": "the credential returned nothing",
  "no-identity-source": "there is nobody to ask for a token",
  "credential-rejected": "Entra ID refuses the credential",
  "credential-error": "the credential failed",
  "not-acquired": "no token has been verified yet",
};

const KNOWN: ReadonlyMap<string, string> = new Map(Object.entries(WORDS));

/** Another version of the package may have codes that this one does not know. */
export function failureWords(reason: string): string {
  return KNOWN.get(reason) ?? `the reason is ${cut(reason, 100)}`;
}

/** Why a token was refused; the reasons are those that `rejected` events give. */
const REFUSALS: ReadonlyMap<string, string> = new Map([
  ["bypass", "it did not come through the gated plane"],
  ["identity-mismatch", "it is another identity's"],
  ["token-unverifiable", "its claims cannot be checked"],
  ["token-expired", "it has too little life left"],
  ["gate-closed", "the gate closed while it was on its way"],
]);

export function refusalWords(reason: string): string {
  return REFUSALS.get(reason) ?? failureWords(reason);
}
