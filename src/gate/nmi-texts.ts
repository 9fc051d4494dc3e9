import type { GateReason } from "./gate.js";

/** What to do about a closed NMI gate. Every reason that the NMI gate gives has a row. */
const REMEDIES: ReadonlyMap<GateReason, string> = new Map([
  [
    "not-active",
    "NMI is starting and has not installed its rule yet; wait. If it stays so, look at the log of the NMI pod on this node.",
  ],
  [
    "health-refused",
    "NMI is not running on this node, or its health port is another one; look at the NMI pod on this node, or set AZURE_IDENTITY_GUARD_NMI_URL.",
  ],
  [
    "health-unreachable",
    "Check that the health URL names this pod's own node (downward API, status.hostIP), or set AZURE_IDENTITY_GUARD_NMI_URL.",
  ],
  [
    "health-timeout",
    "Check that no network policy keeps this pod from its node's health port, and look at the NMI pod on this node.",
  ],
  [
    "health-unexpected",
    "Something other than NMI answers on the health port; set AZURE_IDENTITY_GUARD_NMI_URL to NMI's own.",
  ],
  [
    "route-bypassed",
    "NMI's rule is missing on this node, so a token request would reach IMDS and could bring another identity's token; wait, and look at the NMI pod on this node.",
  ],
  [
    "route-proxied",
    "The Workload ID migration proxy answers this pod's token requests; remove the proxy, or have it watched in place of NMI with AZURE_IDENTITY_GUARD_GATE=proxy.",
  ],
  [
    "route-unreachable",
    "NMI is restarting, or a network policy keeps this pod from NMI's token port (127.0.0.1:2579 on the node).",
  ],
]);

export function nmiRemedy(reason: GateReason): string {
  return REMEDIES.get(reason) ?? "Look at the NMI pod on this node.";
}

/** For a pod that has `HOST_IP` for another reason, on a cluster without NMI. */
export const NEVER_ANSWERED =
  "Nothing has ever listened on that port. HOST_IP turned the NMI gate on; where this cluster has no AAD Pod Identity, AZURE_IDENTITY_GUARD_GATE=none turns it off.";

/** For a pod whose own address is the node's: its packets do not cross PREROUTING, where NMI's rule is. */
export const HOST_NETWORK =
  "This pod has its node's address (hostNetwork: true), so NMI never intercepts its requests and waiting does not help; take the pod off the host network, or set AZURE_IDENTITY_GUARD_GATE=none and pin the identity with AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID.";

export const ROUTE_UNKNOWN =
  "Who answers token requests cannot be told, so NMI's health alone decides. If a service mesh rewrites the Server header, exclude 169.254.169.254 from it.";
