import type { YamlMap } from "./yaml.js";

/** What a person says of a pod. */
export interface PodValues {
  /** The application's image. */
  readonly image: string;
  /** One that has the command line, for init containers. */
  readonly cliImage: string;
  /** The object ID that tokens must name, where it is known. */
  readonly oid: string | undefined;
  /** Of probe endpoints. */
  readonly port: number;
}

/** Numbers of the pod identity guidance, by probe: readiness is aggressive, liveness is conservative. */
export const PROBE_TIMES = {
  /** A late start is no reason to restart: it gives the identity plane 5 min. */
  startup: { periodSeconds: 5, failureThreshold: 60 },
  /** No work comes in while a token could be another identity's. */
  readiness: { periodSeconds: 5, failureThreshold: 1 },
  /** A restart costs the good tokens, and seldom cures the node. */
  liveness: { initialDelaySeconds: 30, periodSeconds: 5, failureThreshold: 5 },
} as const;

/** Without it the gate knows no node. */
const HOST_IP: YamlMap = {
  name: "HOST_IP",
  valueFrom: { fieldRef: { fieldPath: "status.hostIP" } },
};

/** Without it any identity's token is taken. */
function expectedIdentity({ oid }: PodValues): readonly YamlMap[] {
  if (oid === undefined) return [];
  return [
    {
      "# The identity's object ID (principal ID): tokens that name another are refused.": "",
      name: "AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID",
      value: oid,
    },
  ];
}

const CONTAINER_SECURITY: YamlMap = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};

/** The container of the application, with `more` fields, and variables of its own. */
export function appContainer(
  values: PodValues,
  more: YamlMap,
  environment: readonly YamlMap[] = [],
): YamlMap {
  return {
    name: "app",
    image: values.image,
    env: [HOST_IP, ...expectedIdentity(values), ...environment],
    ...more,
    "# To be measured, and set to what the application takes.": "",
    resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "256Mi" } },
    securityContext: CONTAINER_SECURITY,
  };
}

/** A process takes 42 MB to look at NMI, and 99 MB with the SDK, for tokens (resident, x86-64, Node.js 20). */
const CLI_RESOURCES: YamlMap = { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "128Mi" } };

/** An init container that runs a command which asks about the node, and nobody's identity. */
export function cliContainer(name: string, values: PodValues, command: readonly string[]): YamlMap {
  return {
    name,
    image: values.cliImage,
    command: ["azure-identity-guard", ...command],
    env: [HOST_IP],
    resources: CLI_RESOURCES,
    securityContext: CONTAINER_SECURITY,
  };
}

/** A pod that NMI serves: `comment` says what its strategy does. */
export function pod(comment: readonly string[], spec: YamlMap): YamlMap {
  return {
    ...Object.fromEntries(comment.map((line) => [`# ${line}`, ""])),
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "app",
      labels: {
        app: "app",
        "# The selector of its AzureIdentityBinding.": "",
        aadpodidbinding: "app",
      },
    },
    spec: {
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 1000,
        runAsGroup: 1000,
        seccompProfile: { type: "RuntimeDefault" },
      },
      ...spec,
    },
  };
}
