import type { GateReason } from "./gate.js";

/** Only the webhook injects, and only into pods that are created: a container that restarts gets nothing. */
const INJECT =
  'label the pod azure.workload.identity/use: "true" (in the pod template, not on the Deployment), annotate its service account with azure.workload.identity/client-id, and recreate the pod, since a restart of the container injects nothing';

/** What a pod needs that was injected by halves. */
export const WHAT_IS_INJECTED: string = `what the Workload ID webhook injects: ${INJECT}`;

/** What to do about a closed Workload ID gate. Every reason that the gate gives has a row. */
const REMEDIES: ReadonlyMap<GateReason, string> = new Map([
  [
    "not-injected",
    `The Workload ID webhook has not injected what it should: ${INJECT}. Namespaces such as kube-system are excluded. Until then no token is asked for, since the node's identity would answer.`,
  ],
  [
    "injection-invalid",
    "Correct the annotation of the service account (azure.workload.identity/client-id, azure.workload.identity/tenant-id) or the variable of the container, which the webhook does not replace, or the option, and recreate the pod.",
  ],
  [
    "token-file-missing",
    "Wait: the kubelet writes the file before the container starts, and renews it. If it lasts, look at the pod's projected volume (serviceAccountToken, audience api://AzureADTokenExchange) and at its mount in this container, and recreate the pod.",
  ],
  [
    "token-file-unreadable",
    "Check the user that the container runs as (runAsUser, fsGroup) and the mount of the projected token; the file is readable for the pod's fsGroup.",
  ],
  [
    "token-file-invalid",
    "AZURE_FEDERATED_TOKEN_FILE must name a projected service account token; look at what is mounted there, and at the node's clock where the token is not valid yet.",
  ],
  [
    "token-file-expired",
    "Wait: the kubelet renews the token long before it expires. If it lasts, look at the kubelet of this node (kubectl describe node), at its way to the API server, and at the node's clock.",
  ],
]);

export function workloadIdentityRemedy(reason: GateReason): string {
  return REMEDIES.get(reason) ?? "Look at the pod's projected service account token.";
}
