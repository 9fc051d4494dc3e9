import type { GateReason } from "./gate.js";

/** What to do about a closed proxy gate. Every reason that the proxy gate gives has a row. */
const REMEDIES: ReadonlyMap<GateReason, string> = new Map([
  [
    "proxy-unreachable",
    "The migration proxy is starting, or is not in this pod: wait; if it lasts, look at the container azwi-proxy and at the pod's annotation azure.workload.identity/inject-proxy-sidecar. Where the annotation azure.workload.identity/proxy-sidecar-port names another port than 8000, set AZURE_IDENTITY_GUARD_PROXY_PORT.",
  ],
  [
    "proxy-unexpected",
    "Something other than the migration proxy answers on its port; set AZURE_IDENTITY_GUARD_PROXY_PORT to the port of the annotation azure.workload.identity/proxy-sidecar-port.",
  ],
  [
    "route-bypassed",
    "The redirect to the migration proxy is missing in this pod, so a token request would reach IMDS and could bring another identity's token. The init container azwi-proxy-init sets it: look at its log, and recreate the pod. It runs after the pod's own init containers, which are not redirected.",
  ],
  [
    "route-not-proxied",
    "This pod's token requests do not go to the migration proxy: look at the log of the init container azwi-proxy-init, and exclude 169.254.169.254 from a service mesh that changes the Server header. Where NMI is to answer, set AZURE_IDENTITY_GUARD_GATE=nmi.",
  ],
  [
    "route-unreachable",
    "The migration proxy is up, and the redirect leads to another port or nowhere: look at the log of the init container azwi-proxy-init, and compare the port.",
  ],
]);

/** For a pod of which nobody can tell yet whether it has NMI or the migration proxy. */
export const OR_PROXY =
  "Where this pod has the migration proxy instead of NMI, the proxy or its redirect is not there yet: look at the containers azwi-proxy and azwi-proxy-init of the pod.";

export function proxyRemedy(reason: GateReason): string {
  return REMEDIES.get(reason) ?? "Look at the container azwi-proxy of this pod.";
}
