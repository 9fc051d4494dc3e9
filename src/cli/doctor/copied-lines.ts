import type { Observations } from "./observations.js";

/** Lines that people copy. Names that cannot be told are in capital letters. */

export function podName({ pod }: Observations): string {
  return pod.name ?? "POD";
}

export function namespace({ pod }: Observations): string {
  return pod.namespace ?? "NAMESPACE";
}

export function serviceAccount({ pod }: Observations): string {
  return pod.serviceAccount ?? "SERVICE_ACCOUNT";
}

/** NMI's pod of this node: its labels differ between the chart and the plain manifests, its name does not. */
export function nmiPods(seen: Observations): readonly (string | readonly string[])[] {
  return [
    ["NODE=$(kubectl get pod", podName(seen), `-n ${namespace(seen)}`, "-o jsonpath='{.spec.nodeName}')"],
    ["kubectl get pods -A -o wide", "--field-selector spec.nodeName=$NODE", "| grep nmi"],
  ];
}

export function nmiLog(seen: Observations): readonly (string | readonly string[])[] {
  return [...nmiPods(seen), ["kubectl logs", "-n NMI_NAMESPACE", "NMI_POD", "--tail=50"]];
}

/** What binds the pod to its identity. */
export function podBinding(seen: Observations): readonly (string | readonly string[])[] {
  return [
    [`kubectl get pod ${podName(seen)}`, `-n ${namespace(seen)}`, "--show-labels | grep aadpodidbinding"],
    ["kubectl get azureidentity,azureidentitybinding", "-A -o yaml"],
    ["kubectl get azureassignedidentity", "-A -o wide"],
  ];
}

/** A variable of the container. */
export function variableSnippet(name: string, value: string): readonly string[] {
  return ["env:", `  - name: ${name}`, `    value: ${JSON.stringify(value)}`];
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
export function injectionLines(seen: Observations): readonly (string | readonly string[])[] {
  return [
    "# in the pod template of the Deployment",
    "metadata:",
    '  labels: { azure.workload.identity/use: "true" }',
    "# and once for the service account",
    [
      `kubectl annotate serviceaccount ${serviceAccount(seen)}`,
      `-n ${namespace(seen)}`,
      "azure.workload.identity/client-id=CLIENT_ID --overwrite",
    ],
  ];
}

/** Makes Entra ID trust the service account that was presented. */
export function trustLines(
  seen: Observations,
  verb: "create" | "update",
): readonly (string | readonly string[])[] {
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
