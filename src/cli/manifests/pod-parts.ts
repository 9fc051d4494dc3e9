import type { YamlMap } from "./yaml.js";

/** What a person says of a pod. */
export interface PodValues {
  /** The application's image. */
  readonly image: string;
  /** One that has the command line, for init containers and sidecars. */
  readonly cliImage: string;
  /** The object ID that tokens must name, where it is known; strategies that look at no token ignore it. */
  readonly oid: string | undefined;
  /** Of probe endpoints. */
  readonly port: number;
}

/** As in the pod identity guidance, readiness is aggressive and liveness is conservative. */
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

const EXPECTED = "AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID";

/** Nobody's: until it is replaced, every token is refused. */
const NO_OID = "00000000-0000-0000-0000-000000000000";

/** Whose tokens are taken, where the command line or the library gets them. */
export function pinned({ oid = NO_OID }: PodValues): YamlMap {
  return {
    "# The identity's object ID (principal ID): tokens that name another are refused.": "",
    name: EXPECTED,
    value: oid,
  };
}

/** What the application needs tokens for, in the examples. */
export const SCOPE = "https://vault.azure.net/.default";

export function warmUpScopes(): YamlMap {
  return {
    "# Tokens that are had before the pod is ready, and kept fresh; separated by commas.": "",
    name: "AZURE_IDENTITY_GUARD_WARM_UP_SCOPES",
    value: SCOPE,
  };
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
    env: [HOST_IP, ...environment],
    ...more,
    "# To be measured, and set to what the application takes.": "",
    resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "512Mi" } },
    securityContext: CONTAINER_SECURITY,
  };
}

/** A process takes 42 MB to look at NMI, and 99 MB with the SDK, for tokens (resident, x86-64, Node.js 20). */
const SMALL_RESOURCES: YamlMap = { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "128Mi" } };

export function initContainer(
  name: string,
  image: string,
  command: readonly string[],
  environment: readonly YamlMap[] = [],
): YamlMap {
  return {
    name,
    image,
    command,
    env: [HOST_IP, ...environment],
    resources: SMALL_RESOURCES,
    securityContext: CONTAINER_SECURITY,
  };
}

/** An init container that runs the command line. */
export function cliContainer(
  name: string,
  { cliImage }: PodValues,
  command: readonly string[],
  environment?: readonly YamlMap[],
): YamlMap {
  return initContainer(name, cliImage, ["azure-identity-guard", ...command], environment);
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
      "# No check needs the token of the API server: remove this where the application does.": "",
      automountServiceAccountToken: false,
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
