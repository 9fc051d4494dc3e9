import { nmiPods, nodeName, podBinding, variableSnippet } from "../copied-lines.js";
import type { Observations } from "../observations.js";
import type { Rule } from "../rule.js";
import { took } from "../words.js";
import { failed, message } from "./token-conditions.js";

const upperCase = ({ settings: { clientId = "" } }: Observations): boolean =>
  clientId !== clientId.toLowerCase();

/** NMI answers others at once, and not this request. */
const held = ({ token, plane, route }: Observations): boolean =>
  plane.kind === "nmi" &&
  route?.route === "nmi" &&
  (token.outcome === "pending" || (token.outcome === "failed" && token.reason === "timeout"));

/** Why no token comes. */
export const TOKEN_RULES: readonly Rule[] = [
  {
    id: "several-identities",
    title: "The node has several identities, and the request names none",
    link: "token",
    likelihood: "certain",
    when: failed("multiple-identities"),
    seen: message,
    meaning: "IMDS does not choose between user-assigned identities.",
    fix: {
      text: "Name the one that is meant by its client ID:",
      lines: [
        ["az identity show", "-g GROUP -n IDENTITY", "--query clientId -o tsv"],
        ...variableSnippet("AZURE_CLIENT_ID", "CLIENT_ID"),
      ],
    },
    source: "learn.microsoft.com, Managed identities for Azure resources frequently asked questions",
  },
  {
    id: "client-id-case",
    title: "The client ID is written in capital letters",
    link: "token",
    likelihood: "likely",
    when: (seen) => failed("binding-not-found")(seen) && upperCase(seen),
    seen: (seen) => `AZURE_CLIENT_ID is ${seen.settings.clientId ?? ""}; ${message(seen)}`,
    meaning:
      "NMI compares client IDs letter by letter, and AzureIdentity has it in small ones, as Azure writes it.",
    fix: ({ settings: { clientId = "" } }) => ({
      text: "Write it as AzureIdentity does:",
      lines: variableSnippet("AZURE_CLIENT_ID", clientId.toLowerCase()),
    }),
    source: "aad-pod-identity pkg/nmi/standard.go",
  },
  {
    id: "client-id-unknown",
    title: "NMI has no binding of this pod to the identity",
    link: "token",
    likelihood: "likely",
    when: (seen) => failed("binding-not-found")(seen) && !upperCase(seen),
    seen: (seen) =>
      [
        ...(seen.settings.clientId === undefined ? [] : [`AZURE_CLIENT_ID is ${seen.settings.clientId}`]),
        message(seen),
      ].join("; "),
    meaning:
      "The client ID is another identity's, the pod's label aadpodidbinding fits no AzureIdentityBinding, or both are in different namespaces.",
    fix: (seen) => ({ text: "Compare label, binding and client ID:", lines: podBinding(seen) }),
    source: "aad-pod-identity pkg/nmi/standard.go, pkg/nmi/managed.go",
  },
  {
    id: "identity-not-on-node",
    title: "The identity is not on this node",
    link: "token",
    likelihood: "certain",
    // Of a pod that was injected by half, this is the effect.
    when: (seen) => failed("identity-not-found")(seen) && seen.injection?.reason !== "not-injected",
    seen: message,
    meaning:
      "IMDS does not know it: it is not attached to the machine, not yet (about a minute), or was deleted and created again under the same name, which leaves an attachment that leads nowhere.",
    fix: (seen) => ({
      text: "Look at what the machine has (az vm, where it is none of a scale set); take an identity that was created anew off it; attach it:",
      lines: [
        ["az vmss identity show", "-g NODE_GROUP -n SCALE_SET"],
        ["az vmss identity remove", "-g NODE_GROUP -n SCALE_SET", "--identities RESOURCE_ID"],
        ["az vmss identity assign", "-g NODE_GROUP -n SCALE_SET", "--identities RESOURCE_ID"],
        ...(seen.plane.kind === "nmi" ? podBinding(seen) : []),
      ],
    }),
    source: "aad-pod-identity#606, #681, #725; website, Known Issues",
  },
  {
    id: "app-lacks-identity",
    title: "The app does not have this identity",
    link: "token",
    likelihood: "certain",
    when: (seen) => seen.plane.kind === "app-service" && /No User Assigned or Delegated/u.test(message(seen)),
    seen: ({ settings: { clientId } }) =>
      `App Service finds no identity for ${clientId === undefined ? "a request that names none" : `client ID ${clientId}`}`,
    meaning:
      "The identity is not assigned to the app, or none is system-assigned: App Service takes no user-assigned one unless it is named.",
    fix: {
      text: "Assign it (az functionapp, where it is a function), and name it:",
      lines: [
        ["az webapp identity assign", "-g GROUP -n APP", "--identities RESOURCE_ID"],
        ...variableSnippet("AZURE_CLIENT_ID", "CLIENT_ID"),
      ],
    },
    source: "learn.microsoft.com, How to use managed identities for App Service and Azure Functions",
  },
  {
    id: "assignment-pending",
    title: "The identity has not been assigned to this pod",
    link: "token",
    likelihood: "likely",
    when: (seen) => held(seen) || failed("assignment-pending")(seen),
    seen: (seen) =>
      held(seen) && seen.token.outcome !== "not-asked"
        ? `NMI is in the path, and has held a token request for ${took(seen.token.ms)}`
        : message(seen),
    meaning:
      "NMI holds requests, for up to 100 s, while MIC assigns the identity: up to 20 s on a machine, 60 s on a scale set. MIC may lack the permission, or the pod the label.",
    fix: (seen) => ({
      text: "Wait a minute. If it lasts, look for the assignment, the label, and MIC's log:",
      lines: [
        ...podBinding(seen),
        "kubectl get pods -A | grep -w mic",
        ["kubectl logs", "-n MIC_NAMESPACE", "MIC_POD", "--tail=50"],
      ],
    }),
    source: "aad-pod-identity pkg/nmi/standard.go; #585, #838, #977",
  },
  {
    id: "client-id-maybe-unknown",
    title: "The client ID may be none that NMI knows for this pod",
    link: "token",
    likelihood: "possible",
    when: (seen) => held(seen) && seen.settings.clientId !== undefined,
    seen: ({ settings }) => `AZURE_CLIENT_ID is ${settings.clientId ?? ""}`,
    meaning: "NMI waits for an identity that is never assigned just as for one that is about to be.",
    fix: (seen) => ({ text: "Compare it with the AzureIdentity:", lines: podBinding(seen).slice(1, 2) }),
    source: "aad-pod-identity pkg/nmi/standard.go",
  },
  {
    id: "imds-maybe-throttled",
    title: "IMDS may be limiting this node behind NMI",
    link: "token",
    likelihood: "possible",
    when: held,
    seen: "NMI asks IMDS five times over 112 s before it says anything",
    meaning: "A pod of this node that asks for tokens without a cache spends the limit that all pods share.",
    fix: (seen) => ({
      text: "Look for 429 in NMI's log:",
      lines: [...nmiPods(seen), "kubectl logs -n NMI_NAMESPACE NMI_POD | grep -w 429"],
    }),
    source: "go-autorest autorest/adal/token.go; aad-pod-identity#193",
  },
  {
    id: "throttled",
    title: "Token requests are being limited",
    link: "token",
    likelihood: "certain",
    when: failed("throttled"),
    seen: message,
    meaning:
      "IMDS takes 20 token requests a second and 5 at a time from a machine, for all its pods together. Some program asks for a token each time that it needs one.",
    fix: (seen) => ({
      text: "Keep credentials, do not make one for each request; find the pods of this node:",
      lines: [nodeName(seen), ["kubectl get pods -A", "--field-selector spec.nodeName=$NODE"]],
    }),
    source: "learn.microsoft.com, Azure Instance Metadata Service (limits); aad-pod-identity#193",
  },
  {
    id: "imds-updating",
    title: "IMDS is being updated",
    link: "token",
    likelihood: "certain",
    when: failed("imds-updating"),
    seen: message,
    meaning: "The host of this node is being serviced, about once a month, for up to a few minutes.",
    fix: { text: "Wait; the guard keeps the tokens that it has meanwhile." },
    source: "Azure/azure-sdk-for-go#1848; learn.microsoft.com, Azure Instance Metadata Service",
  },
];
