import { formatDuration } from "../../../config/duration.js";
import type { GateReason } from "../../../gate/gate.js";
import {
  injectionLines,
  namespace,
  nodeName,
  podName,
  recreatePod,
  variableSnippet,
} from "../copied-lines.js";
import type { Observations } from "../observations.js";
import type { Rule } from "../rule.js";
import { wrongAudience } from "./audience.js";

const injection =
  (...reasons: readonly GateReason[]) =>
  ({ injection: look }: Observations): boolean =>
    look !== undefined && reasons.includes(look.reason);

const failed = ({ token }: Observations): boolean =>
  token.outcome === "failed" || token.outcome === "pending";

const detail = ({ injection: look }: Observations): string => look?.detail ?? "";

function age({ injection: look }: Observations): string {
  return look?.ageMs === undefined
    ? (look?.detail ?? "")
    : `${look.detail}; the file was written ${formatDuration(Math.round(look.ageMs / 1_000) * 1_000)} ago`;
}

/** Where the webhook mounts it (azure-workload-identity pkg/webhook/consts.go). */
const MOUNT = "/var/run/secrets/azure/tokens";

const VOLUME: readonly string[] = [
  "# in the container",
  ...variableSnippet("AZURE_FEDERATED_TOKEN_FILE", `${MOUNT}/azure-identity-token`),
  "volumeMounts:",
  "  - name: azure-identity-token",
  `    mountPath: ${MOUNT}`,
  "    readOnly: true",
  "# in the pod",
  "volumes:",
  "  - name: azure-identity-token",
  "    projected:",
  "      sources:",
  "        - serviceAccountToken:",
  "            path: azure-identity-token",
  "            audience: api://AzureADTokenExchange",
  "            expirationSeconds: 3600",
];

/** What the webhook injected, up to the service account token. */
export const TOKEN_FILE_RULES: readonly Rule[] = [
  {
    id: "injection-invalid",
    title: "A variable of Workload ID cannot be used",
    link: "environment",
    likelihood: "certain",
    when: injection("injection-invalid"),
    seen: detail,
    meaning:
      "The webhook passes on what the service account says, and replaces nothing that the pod sets itself.",
    fix: (seen) => ({
      text: "Correct it where it is set, which for the client ID is the service account, and recreate the pod:",
      lines: injectionLines(seen),
    }),
    source: "azure-workload-identity pkg/webhook/webhook.go",
  },
  {
    id: "token-file-missing",
    title: "The service account token's file is not there",
    link: "environment",
    likelihood: "certain",
    when: injection("token-file-missing"),
    seen: detail,
    meaning: "The variable is set, and the volume is not mounted in this container.",
    fix: (seen) => ({
      text: "Leave the variable to the webhook, which mounts the volume too, and recreate the pod; or have both by hand:",
      lines: [...recreatePod(seen), "# or", ...VOLUME],
    }),
    source: "azure-workload-identity pkg/webhook/webhook.go; AKS#5541 (the path has changed)",
  },
  {
    id: "token-file-unreadable",
    title: "The service account token cannot be read",
    link: "environment",
    likelihood: "certain",
    when: injection("token-file-unreadable", "token-file-invalid"),
    seen: detail,
    meaning: "The user of the container may not read the file, or something else is mounted in its place.",
    fix: (seen) => ({
      text: "Look at what is mounted there, and give the pod a group that may read it:",
      lines: [
        [`kubectl exec ${podName(seen)}`, `-n ${namespace(seen)}`, `-- ls -lL ${MOUNT}`],
        "# in the pod template",
        "spec:",
        "  securityContext: { fsGroup: 1000 }",
      ],
    }),
    source: "kubernetes.io, Configure Service Accounts for Pods (token volume projection)",
  },
  {
    id: "token-file-stale",
    title: "The service account token has expired and was not renewed",
    link: "environment",
    likelihood: "certain",
    when: injection("token-file-expired"),
    seen: age,
    meaning:
      "The kubelet renews the file at about 80 % of its life. This one is a copy, is mounted with subPath, which is never renewed, or the kubelet cannot reach the API server.",
    fix: (seen) => ({
      text: "Mount the whole volume, without subPath, and look at the kubelet of the node:",
      lines: [
        [`kubectl get pod ${podName(seen)}`, `-n ${namespace(seen)}`, "-o yaml | grep -B3 -A3 subPath"],
        nodeName(seen),
        "kubectl describe node $NODE",
      ],
    }),
    source: "kubernetes.io, Volumes (subPath), Configure Service Accounts for Pods",
  },
  {
    id: "wrong-audience",
    title: "The service account token is for another audience",
    link: "environment",
    likelihood: "certain",
    when: (seen) => wrongAudience(seen) && failed(seen),
    seen: ({ injection: look }) => `its audience is ${look?.audience?.join(" ") ?? ""}`,
    meaning:
      "Entra ID takes a token that was made for api://AzureADTokenExchange. This is another volume's, such as the one for the API server.",
    fix: {
      text: "Point AZURE_FEDERATED_TOKEN_FILE at the webhook's file, or correct the volume:",
      lines: VOLUME,
    },
    source: "azure-workload-identity pkg/webhook/consts.go; learn.microsoft.com, AADSTS700212",
  },
];
