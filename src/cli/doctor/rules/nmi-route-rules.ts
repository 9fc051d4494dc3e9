import { nmiLog, nmiPods, variablesSnippet, variableSnippet } from "../copied-lines.js";
import type { Rule } from "../rule.js";
import { answererWords } from "../words.js";
import { isNmi, route, all, not, onHostNetwork, hangs, active, both, hostOf } from "./nmi-conditions.js";

/** Who answers on the token path while NMI says that it is well. */
export const NMI_ROUTE_RULES: readonly Rule[] = [
  {
    id: "host-network",
    title: "The pod is on the host network, where NMI intercepts nothing",
    link: "route",
    likelihood: "certain",
    when: all(isNmi, onHostNetwork, route("imds")),
    seen: ({ settings, route: look }) =>
      `${settings.hostIp ?? hostOf(settings.nmiUrl)}, the node's address, is this pod's own; ${answererWords(look)}`,
    meaning:
      "Packets of such a pod do not pass the node's PREROUTING chain, where NMI's rule is. Waiting does not help.",
    fix: {
      text: "Take the pod off the host network. If it must stay, use no gate and pin the identity:",
      lines: [
        "spec:",
        "  hostNetwork: false",
        "# or",
        ...variablesSnippet({
          AZURE_IDENTITY_GUARD_GATE: "none",
          AZURE_CLIENT_ID: "CLIENT_ID",
          AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: "OBJECT_ID",
        }),
      ],
    },
    source: "aad-pod-identity pkg/nmi/iptables/iptables.go (PREROUTING)",
  },
  {
    id: "nmi-rule-gone",
    title: "NMI's rule is gone: token requests reach IMDS",
    link: "route",
    likelihood: "certain",
    when: all(active, route("imds"), not(onHostNetwork)),
    seen: both,
    meaning:
      "NMI says Active from its first rule until its end, also while it shuts down and after somebody flushed the rule. A token that is asked for now may be the node's own.",
    fix: (seen) => ({
      text: "NMI looks for its rule every 60 s. If it lasts, restart NMI on this node:",
      lines: [...nmiPods(seen), ["kubectl delete pod", "-n NMI_NAMESPACE", "NMI_POD"]],
    }),
    source: "aad-pod-identity pkg/nmi/server/server.go (handleTermination, updateIPTableRules)",
  },
  {
    id: "nmi-token-port-blocked",
    title: "A network policy drops the way to NMI's token port (2579)",
    link: "route",
    likelihood: "likely",
    when: all(active, route("unreachable"), hangs),
    seen: both,
    meaning:
      "NMI is well, and requests for 169.254.169.254 vanish. Its rule turns them into requests for 127.0.0.1:2579 on the node, which is what policies see.",
    fix: {
      text: "Allow both addresses in the egress of the pod's NetworkPolicy:",
      lines: [
        "- to: [{ ipBlock: { cidr: 169.254.169.254/32 } }]",
        "  ports: [{ port: 80 }]",
        "- to: [{ ipBlock: { cidr: 127.0.0.1/32 } }]",
        "  ports: [{ port: 2579 }]",
      ],
    },
    source: "aad-pod-identity website, Troubleshooting; #716, #821",
  },
  {
    id: "nmi-token-port-refused",
    title: "NMI's token port refuses",
    link: "route",
    likelihood: "likely",
    when: all(active, route("unreachable"), not(hangs)),
    seen: both,
    meaning: "NMI has said Active a moment before it listens, or another process has port 2579.",
    fix: (seen) => ({ text: "Run doctor again. If it lasts, look at NMI's log:", lines: nmiLog(seen) }),
    source: "aad-pod-identity pkg/nmi/server/server.go; #728",
  },
  {
    id: "nmi-proxied",
    title: "The migration proxy answers where NMI should",
    link: "route",
    likelihood: "certain",
    when: all(active, route("proxy")),
    seen: both,
    meaning: "The redirect of the Workload ID migration proxy comes before NMI's rule.",
    fix: {
      text: "Have the proxy watched in place of NMI; or take its annotation (azure.workload.identity/inject-proxy-sidecar) out of the pod template:",
      lines: variableSnippet("AZURE_IDENTITY_GUARD_GATE", "proxy"),
    },
    source: "azure-workload-identity init/init-iptables.sh",
  },
  {
    id: "answerer-unknown",
    title: "It cannot be told who answers token requests",
    link: "route",
    likelihood: "hazard",
    when: all(active, route("unknown")),
    seen: ({ route: look }) => look?.detail ?? "",
    meaning:
      "NMI names nobody in its answers, and IMDS itself. A service mesh that writes its own name hides it when NMI goes.",
    fix: {
      text: "Exclude the metadata address from the mesh; for Istio in the pod template:",
      lines: [
        "metadata:",
        "  annotations:",
        "    traffic.sidecar.istio.io/excludeOutboundIPRanges: 169.254.169.254/32",
      ],
    },
    source: "aad-pod-identity pkg/nmi/server/server.go; istio.io, Resource Annotations",
  },
];
