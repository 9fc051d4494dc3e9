import type { Observations } from "./observations.js";

/** Lines that people copy. Names that cannot be told are in capital letters. */

/** A line as it is, or the words of a command. */
type Lines = readonly (string | readonly string[])[];

export function podName({ pod }: Observations): string {
  return pod.name ?? "POD";
}

export function namespace({ pod }: Observations): string {
  return pod.namespace ?? "NAMESPACE";
}

export function serviceAccount({ pod }: Observations): string {
  return pod.serviceAccount ?? "SERVICE_ACCOUNT";
}

/** Sets `NODE`, which the lines behind it use. */
export function nodeName(seen: Observations): readonly string[] {
  return [
    "NODE=$(kubectl get pod",
    podName(seen),
    `-n ${namespace(seen)}`,
    "-o jsonpath='{.spec.nodeName}')",
  ];
}

/** NMI's pod of this node: its labels differ between the chart and the plain manifests, its name does not. */
export function nmiPods(seen: Observations): Lines {
  return [
    nodeName(seen),
    ["kubectl get pods -A -o wide", "--field-selector spec.nodeName=$NODE", "| grep nmi"],
  ];
}

export function nmiLog(seen: Observations): Lines {
  return [...nmiPods(seen), ["kubectl logs", "-n NMI_NAMESPACE", "NMI_POD", "--tail=50"]];
}

/** Why NMI's pod does not start, or ended: the log of the container before this one says the latter. */
export function nmiEnd(seen: Observations): Lines {
  return [
    ...nmiPods(seen),
    ["kubectl describe pod", "-n NMI_NAMESPACE", "NMI_POD"],
    ["kubectl logs", "-n NMI_NAMESPACE", "NMI_POD", "--previous", "--tail=50"],
  ];
}

/** Takes all pods off the node; the pods of daemon sets stay, and would stop it otherwise. */
export function drainNode(seen: Observations): Lines {
  return [nodeName(seen), ["kubectl drain $NODE", "--ignore-daemonsets", "--delete-emptydir-data"]];
}

/** The pod as it is now, made anew: webhooks see pods that are created, and no others. */
export function recreatePod(seen: Observations): Lines {
  return [["kubectl delete pod", podName(seen), `-n ${namespace(seen)}`]];
}

/** What binds the pod to its identity. */
export function podBinding(seen: Observations): Lines {
  return [
    [`kubectl get pod ${podName(seen)}`, `-n ${namespace(seen)}`, "-L aadpodidbinding"],
    ["kubectl get azureidentity,azureidentitybinding", "-A -o yaml"],
    ["kubectl get azureassignedidentity", "-A -o wide"],
  ];
}

/** Variables of the container. */
export function variablesSnippet(values: Readonly<Record<string, string>>): readonly string[] {
  const rows = Object.entries(values).flatMap(([name, value]) => [
    `  - name: ${name}`,
    `    value: ${JSON.stringify(value)}`,
  ]);
  return ["env:", ...rows];
}

/** A variable of the container. */
export function variableSnippet(name: string, value: string): readonly string[] {
  return variablesSnippet({ [name]: value });
}

export const HOST_IP_LINES: readonly string[] = [
  "env:",
  "  - name: HOST_IP",
  "    valueFrom: { fieldRef: { fieldPath: status.hostIP } }",
];

/** NMI's health URL on whichever node the pod runs; the address of this one would be watched from every other, too. */
export function healthUrlLines(url: string): readonly string[] {
  const { port, pathname } = URL.canParse(url) ? new URL(url) : { port: "PORT", pathname: "/healthz" };
  const [, ...rest] = variableSnippet(
    "AZURE_IDENTITY_GUARD_NMI_URL",
    `http://$(HOST_IP):${port === "" ? "80" : port}${pathname}`,
  );
  return [...HOST_IP_LINES, ...rest];
}

/** What makes the Workload ID webhook inject. */
export function injectionLines(seen: Observations): Lines {
  return [
    ...annotationLines(seen).slice(0, 1),
    "# in the pod template of the Deployment",
    "metadata:",
    '  labels: { azure.workload.identity/use: "true" }',
    "spec:",
    `  serviceAccountName: ${serviceAccount(seen)}`,
    "# where the template had it all before",
    ...recreatePod(seen),
  ];
}

/** The client ID that the webhook injects, which pods get when they are created. */
export function annotationLines(seen: Observations): Lines {
  return [
    [
      `kubectl annotate serviceaccount ${serviceAccount(seen)}`,
      `-n ${namespace(seen)}`,
      "azure.workload.identity/client-id=CLIENT_ID --overwrite",
    ],
    ...recreatePod(seen),
  ];
}

/** Makes Entra ID trust the service account that was presented. */
export function trustLines(seen: Observations, verb: "create" | "update"): Lines {
  const { issuer = "ISSUER", subject = "SUBJECT" } = seen.injection ?? {};
  return [
    ["az identity federated-credential list", "-g GROUP", "--identity-name IDENTITY", "-o table"],
    [
      `az identity federated-credential ${verb}`,
      "-g GROUP",
      "--identity-name IDENTITY",
      "--name NAME",
      "--issuer",
      issuer,
      "--subject",
      subject,
      "--audiences api://AzureADTokenExchange",
    ],
  ];
}
