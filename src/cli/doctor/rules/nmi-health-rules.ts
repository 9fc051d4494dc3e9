import { HOST_IP_LINES, nmiEnd, nmiLog, healthUrlLines, variablesSnippet } from "../copied-lines.js";
import type { Observations } from "../observations.js";
import type { Rule } from "../rule.js";
import {
  isNmi,
  health,
  route,
  all,
  not,
  isElsewhere,
  onHostNetwork,
  silent,
  both,
} from "./nmi-conditions.js";

function healthPort({ nmiUrl = "" }: Observations["settings"]): string {
  const port = URL.canParse(nmiUrl) ? new URL(nmiUrl).port : "";
  return port === "" ? "80" : port;
}

const PROBE_PORT = "kubectl get daemonset -A -o yaml | grep http-probe-port";

/** What NMI's health shows, together with who answers on the token path. */
export const NMI_HEALTH_RULES: readonly Rule[] = [
  {
    id: "nmi-health-elsewhere",
    title: "NMI's health is asked at the wrong address",
    link: "health",
    likelihood: "certain",
    when: all(isNmi, isElsewhere),
    seen: ({ nmi }) => `${nmi?.detail ?? ""}; ${nmi?.elsewhere ?? ""} says Active`,
    meaning: "NMI is well, and whoever is asked is not NMI: the port is another one.",
    fix: ({ nmi }) => ({
      text: "Name the URL that answers:",
      lines: healthUrlLines(nmi?.elsewhere ?? ""),
    }),
    source: "aad-pod-identity charts values.yaml (8085), cmd/nmi/main.go (8080); #728, #740",
  },
  {
    id: "nmi-health-foreign",
    title: "Something other than NMI answers on the health port",
    link: "health",
    likelihood: "certain",
    when: all(health("health-unexpected"), not(isElsewhere)),
    seen: ({ nmi }) => nmi?.detail ?? "",
    meaning:
      "NMI says Active or Not Active, and nothing else. Another process has the port, or NMI has another one.",
    fix: {
      text: "Find the port of NMI (--http-probe-port, else 8080), and name the URL:",
      lines: [PROBE_PORT, ...healthUrlLines("")],
    },
    source: "aad-pod-identity pkg/probes/probes.go; #728, #740",
  },
  {
    id: "nmi-not-active",
    title: "NMI has not installed its rule yet",
    link: "health",
    likelihood: "certain",
    when: all(health("not-active"), not(isElsewhere)),
    seen: both,
    meaning:
      "NMI is starting. Until its rule is there, token requests reach IMDS and the node's own identity.",
    fix: (seen) => ({
      text: "Wait some seconds. If it lasts, NMI waits for the lock of iptables, or the port is MIC's:",
      lines: nmiLog(seen),
    }),
    source: "aad-pod-identity pkg/probes/probes.go, pkg/nmi/server/server.go",
  },
  {
    id: "nmi-health-other-node",
    title: "The health URL does not lead to this node's NMI",
    link: "health",
    likelihood: "certain",
    when: all(silent, route("nmi"), not(isElsewhere)),
    seen: both,
    meaning:
      "NMI answers this pod's token requests, so it runs on this node. The address is another node's, the port another one, or a network policy drops the packets.",
    fix: {
      text: "Take the node's address from the downward API instead of a fixed value, and compare the port:",
      lines: [PROBE_PORT, ...HOST_IP_LINES],
    },
    source: "aad-pod-identity pkg/probes/probes.go; charts nmi-daemonset.yaml",
  },
  {
    id: "nmi-down",
    title: "NMI is not running on this node",
    link: "health",
    likelihood: "likely",
    when: all(
      health("health-refused"),
      route("imds", "unknown", "proxy"),
      not(isElsewhere),
      not(onHostNetwork),
    ),
    seen: both,
    meaning:
      "Nobody listens on NMI's health port, and its rule is not there: token requests reach IMDS, which answers for the node's own identity.",
    fix: (seen) => ({
      text: "Look for NMI on this node, and why it does not run; where it has no pod, at its DaemonSet's node selector and tolerations:",
      lines: [...nmiEnd(seen), "kubectl get daemonset -A -o wide | grep nmi"],
    }),
    source: "aad-pod-identity cmd/nmi/main.go; website, Known Issues; #875, #784, #892",
  },
  {
    id: "nmi-crashed",
    title: "NMI has crashed, and left its rule behind",
    link: "health",
    likelihood: "likely",
    when: all(health("health-refused"), route("unreachable"), not(isElsewhere)),
    seen: both,
    meaning:
      "Both refuse, as after a crash: token requests are led to a port that nobody listens on. No wrong token can come, and none at all.",
    fix: (seen) => ({
      text: "The kubelet restarts it. If it lasts, look at why it ends:",
      lines: nmiEnd(seen),
    }),
    source: "aad-pod-identity pkg/nmi/server/server.go (only a signal cleans up)",
  },
  {
    id: "health-blocked",
    title: "The node's health port cannot be reached from this pod",
    link: "network",
    likelihood: "likely",
    when: all(health("health-timeout", "health-unreachable"), not(route("nmi")), not(isElsewhere)),
    seen: both,
    meaning: "A network policy drops the packets, or HOST_IP is not this node's address.",
    fix: ({ settings, ...seen }) => ({
      text: "Allow the addresses of all nodes, and compare HOST_IP with the pod's status.hostIP:",
      lines: [
        [
          `kubectl get pod ${seen.pod.name ?? "POD"}`,
          `-n ${seen.pod.namespace ?? "NAMESPACE"}`,
          "-o jsonpath='{.status.hostIP}'",
        ],
        "# egress of the NetworkPolicy",
        "- to: [{ ipBlock: { cidr: NODE_SUBNET } }]",
        `  ports: [{ port: ${healthPort(settings)} }]`,
      ],
    }),
    source: "kubernetes.io, Network Policies; aad-pod-identity charts nmi-daemonset.yaml",
  },
  {
    id: "nmi-not-in-cluster",
    title: "This cluster may have no AAD Pod Identity",
    link: "health",
    likelihood: "possible",
    when: all(
      silent,
      route("imds"),
      not(isElsewhere),
      ({ settings }) => settings.nmiUrlFrom === "HOST_IP",
      not(onHostNetwork),
    ),
    seen: "HOST_IP alone chose the NMI gate; many pods have it for another reason",
    meaning: "Without NMI in the cluster the gate never opens.",
    fix: {
      text: "Where nobody installed AAD Pod Identity, turn the gate off and pin the identity:",
      lines: [
        "kubectl get daemonset -A | grep nmi",
        ...variablesSnippet({
          AZURE_IDENTITY_GUARD_GATE: "none",
          AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: "OBJECT_ID",
        }),
      ],
    },
    source: "azure-identity-guard README, Settings",
  },
];
