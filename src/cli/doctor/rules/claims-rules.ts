import {
  annotationLines,
  drainNode,
  HOST_IP_LINES,
  injectionLines,
  podBinding,
  variableSnippet,
} from "../copied-lines.js";
import type { FailedToken, Observations, PlaneKind } from "../observations.js";
import type { Fix, Rule } from "../rule.js";
import { failed, message } from "./token-conditions.js";

function lookSaw({ token }: Observations): FailedToken["saw"] {
  return token.outcome === "failed" ? token.saw : undefined;
}

function whose(seen: Observations): string {
  const { objectId, clientId, resourceId } = lookSaw(seen) ?? {};
  return [
    `the token is of oid ${objectId ?? "unknown"}`,
    ...(clientId === undefined ? [] : [`client ID ${clientId}`]),
    ...(resourceId === undefined ? [] : [`named ${resourceId.split("/").at(-1) ?? ""}`]),
    ...expectations(seen),
  ].join("; ");
}

function expectations({ token }: Observations): readonly string[] {
  const expected = token.outcome === "failed" ? (token.expected ?? {}) : {};
  return Object.entries(expected)
    .filter(([, values]) => values.length > 0)
    .map(([name, values]) => `expected ${name} is ${values.join(" or ")}`);
}

function confuses(seen: Observations): boolean {
  const { clientId = "" } = lookSaw(seen) ?? {};
  return seen.settings.expected.objectIds.includes(clientId.toLowerCase());
}

/** Why another identity answered, by plane. */
const STRANGERS: Readonly<Partial<Record<PlaneKind, string>>> = {
  imds: "Nothing leads this pod's requests to an identity of its own, so IMDS answered for the machine: on AKS the kubelet's identity, or an add-on's.",
  nmi: "The pod is bound to another identity as well, or NMI served an old token of one that was replaced.",
  "workload-identity": "The service account is annotated with the client ID of another identity.",
};

function remedyForStranger(seen: Observations): Fix {
  if (seen.plane.kind === "nmi") {
    return {
      text: "Name the identity, and compare the binding:",
      lines: [...variableSnippet("AZURE_CLIENT_ID", "CLIENT_ID"), ...podBinding(seen)],
    };
  }
  if (seen.plane.kind !== "imds") {
    return {
      text: "Compare the client ID with the identity that is meant, and correct it:",
      lines: [
        ["az identity show", "-g GROUP -n IDENTITY", '--query "{clientId:clientId, objectId:principalId}"'],
        ...annotationLines(seen),
      ],
    };
  }
  if (!seen.pod.inKubernetes) {
    return { text: "Name the identity:", lines: variableSnippet("AZURE_CLIENT_ID", "CLIENT_ID") };
  }
  return {
    text: "With Workload ID label the pod; with AAD Pod Identity tell the guard where NMI is; with the machine's own identities name the one that is meant:",
    lines: [
      ...injectionLines(seen),
      "# or with AAD Pod Identity, in the container",
      ...HOST_IP_LINES,
      "# or with identities of the machine, in the container",
      ...variableSnippet("AZURE_CLIENT_ID", "CLIENT_ID"),
    ],
  };
}

/** What tokens say that came, and were refused. */
export const CLAIMS_RULES: readonly Rule[] = [
  {
    id: "wrong-identity",
    title: "The token is another identity's",
    link: "claims",
    likelihood: "certain",
    when: (seen) => failed("identity-mismatch")(seen) && !confuses(seen),
    seen: whose,
    meaning: ({ plane }) => STRANGERS[plane.kind] ?? "The request names no identity, or another one.",
    fix: remedyForStranger,
    source:
      "learn.microsoft.com, Managed identities for Azure resources frequently asked questions; aad-pod-identity website, Known Issues",
  },
  {
    id: "token-expired",
    title: "A cache on the way serves expired tokens",
    link: "claims",
    likelihood: "likely",
    when: failed("token-expired"),
    seen: message,
    meaning:
      "The platform keeps a token for 24 h and serves it again; reported after identities were taken off a node and put back. Nothing that the pod does renews it.",
    fix: (seen) => ({
      text: "Replace the node. The pods move to another one:",
      lines: [
        ...drainNode(seen),
        ["az aks nodepool delete-machines", "-g GROUP --cluster-name CLUSTER -n POOL --machine-names $NODE"],
      ],
    }),
    source: "aad-pod-identity#1071, #681, #1102",
  },
];
