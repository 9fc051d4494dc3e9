import { injectionLines, variableSnippet } from "../copied-lines.js";
import type { Rule } from "../rule.js";

/** Nobody to ask. */
export const NO_PLANE_RULES: readonly Rule[] = [
  {
    id: "no-plane",
    title: "There is no identity plane here",
    link: "network",
    likelihood: "certain",
    when: ({ plane, pod, token }) => plane.kind === "none" && !pod.inKubernetes && token.outcome !== "token",
    seen: ({ route }) => `no variable names an identity source; ${route?.detail ?? ""}`,
    meaning:
      "This is no Azure machine: managed identities exist on Azure alone. The Azure SDK goes on to a developer's login.",
    fix: { text: "Run it on Azure, or log in as a developer:", lines: ["az login"] },
    source: "learn.microsoft.com, Azure Instance Metadata Service",
  },
  {
    id: "metadata-unreachable",
    title: "The metadata address cannot be reached from this pod",
    link: "network",
    likelihood: "likely",
    when: ({ plane, pod, token }) => plane.kind === "none" && pod.inKubernetes && token.outcome !== "token",
    seen: ({ route }) => `no variable names an identity source; ${route?.detail ?? ""}`,
    meaning:
      "A network policy keeps this pod from 169.254.169.254, or the cluster is not on Azure. If Workload ID was meant, the webhook missed the pod.",
    fix: (seen) => ({
      text: "Allow the address in the egress of the pod's NetworkPolicy; for Workload ID label the pod:",
      lines: [
        "# egress of the NetworkPolicy",
        "- to: [{ ipBlock: { cidr: 169.254.169.254/32 } }]",
        "  ports: [{ port: 80 }]",
        "# or for Workload ID",
        ...injectionLines(seen),
      ],
    }),
    source: "kubernetes.io, Network Policies; azure-workload-identity pkg/webhook/webhook.go",
  },
  {
    id: "developer-login",
    title: "The token is a developer's",
    link: "claims",
    likelihood: "hazard",
    when: ({ plane, token }) => plane.kind === "none" && token.outcome === "token",
    seen: ({ token }) =>
      `no identity source is here, and a token of ${
        (token.outcome === "token" ? token.identity?.objectId : undefined) ?? "somebody"
      } came`,
    meaning:
      "DefaultAzureCredential went on to a login of this machine (az, azd, PowerShell). A service that runs here acts as that person.",
    fix: {
      text: "On a laptop that is what is meant. Elsewhere leave developers' logins out:",
      lines: variableSnippet("AZURE_TOKEN_CREDENTIALS", "prod"),
    },
    source: "learn.microsoft.com, Credential chains in the Azure Identity library for JavaScript",
  },
];
