/** What is deployed in place of NMI. */
export interface SimulatorImages {
  /** Has Node.js and the built package; the path is that of `dist/node-simulator.js` in it. */
  readonly simulator: string;
  readonly simulatorPath: string;
  /** Has `sh`, `ip`, `wget` and `timeout`. */
  readonly tools: string;
  /** Pulled before a cell begins, so that its times are not those of a registry. They have Node.js. */
  readonly pulled: readonly string[];
}

export const METADATA_ADDRESS = "169.254.169.254";
export const CONTROL_PORT = 18_085;
export const SIMULATOR_NAME = "node-simulator";
const LABELS: Readonly<Record<string, string>> = { app: SIMULATOR_NAME };
export const SIMULATOR_SELECTOR: string = `app=${SIMULATOR_NAME}`;

/** Marks the address as ours: one that was there before is somebody's, and stays. At most 15 characters (IFNAMSIZ). */
const ADDRESS_LABEL = "lo:guard-test";

/**
 * Fails where the address is somebody else's, or where something answers there that is not to be hidden: a node of a cloud
 * need not say that it is one. An address that a run left behind is taken over.
 */
export function addAddress(shadowMetadata: boolean): string {
  const asked = `timeout 5 wget -S -O /dev/null http://${METADATA_ADDRESS}/ 2>&1 | grep -q HTTP/`;
  return [
    `fail() { echo "$1"; exit 1; }`,
    `if ip addr show | grep -F 'inet ${METADATA_ADDRESS}/' | grep -q -v -F '${ADDRESS_LABEL}'; then`,
    `  fail 'This node has ${METADATA_ADDRESS} already, and not from this test'; fi`,
    `if ip addr show | grep -q -F '${ADDRESS_LABEL}'; then exit 0; fi`,
    ...(shadowMetadata
      ? []
      : [
          `if ${asked}; then fail 'This node has a metadata service, which --shadow-metadata would hide'; fi`,
        ]),
    `ip addr add ${METADATA_ADDRESS}/32 dev lo label ${ADDRESS_LABEL}`,
  ].join("\n");
}

export const REMOVE_ADDRESS: string = `ip addr show | grep -q -F '${ADDRESS_LABEL}' && ip addr del ${METADATA_ADDRESS}/32 dev lo`;

export function namespaceObject(name: string): object {
  // Host network and NET_ADMIN are what the levels `restricted` and `baseline` exist to refuse.
  const labels = { "pod-security.kubernetes.io/enforce": "privileged" };
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } };
}

/** An address of RFC 5737, which no pod has. */
const NOBODY = "192.0.2.1";

export interface SimulatorPlace {
  readonly namespace: string;
  /** Value of `kubernetes.io/hostname` of exactly one node. */
  readonly hostname: string;
  /** Whether a metadata service that answers on the node may be hidden. */
  readonly shadowMetadata: boolean;
}

/** The simulated node. To NMI whoever asks there is its pod `app`, unless that is not to be `labelled`. */
export function simulatorObject(place: SimulatorPlace, images: SimulatorImages, labelled: boolean): object {
  const { namespace, hostname, shadowMetadata } = place;
  const pods = labelled ? [] : ["--pod", `app=${NOBODY}`, "--pod", "unlabelled"];
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: SIMULATOR_NAME, namespace, labels: LABELS },
    spec: {
      selector: { matchLabels: LABELS },
      template: {
        metadata: { labels: LABELS },
        spec: {
          hostNetwork: true,
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 20,
          nodeSelector: { "kubernetes.io/hostname": hostname },
          initContainers: [
            ...images.pulled.map(pullOf),
            { name: "add-address", ...shell(images.tools, addAddress(shadowMetadata)) },
          ],
          containers: [simulatorContainer(images, pods), addressContainer(images.tools)],
        },
      },
    },
  };
}

const RESOURCES = { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "256Mi" } };

/** Of root's privileges one alone: in the node's own network namespace, ports below 1024 and addresses are root's. */
const rootWith = (capability: string): object => ({
  runAsUser: 0,
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"], add: [capability] },
});

function pullOf(image: string, index: number): object {
  return { name: `pull-${index}`, image, command: ["node", "--version"], resources: RESOURCES };
}

function shell(image: string, script: string): object {
  return {
    image,
    command: ["sh", "-c", script],
    // The last lines of its log are then in the pod's status, and in our words.
    terminationMessagePolicy: "FallbackToLogsOnError",
    securityContext: rootWith("NET_ADMIN"),
    resources: RESOURCES,
  };
}

function simulatorContainer({ simulator, simulatorPath }: SimulatorImages, more: readonly string[]): object {
  const address = { fieldRef: { fieldPath: "status.hostIP" } };
  return {
    name: "simulator",
    image: simulator,
    command: ["node", simulatorPath],
    args: [
      ...["--health-host", "$(NODE_IP)", "--health-port", "8085"],
      ...["--metadata-host", METADATA_ADDRESS, "--metadata-port", "80"],
      ...["--control-host", "$(NODE_IP)", "--control-port", String(CONTROL_PORT)],
      ...more,
    ],
    env: [{ name: "NODE_IP", valueFrom: address }],
    readinessProbe: { httpGet: { path: "/state", port: CONTROL_PORT }, periodSeconds: 1 },
    terminationMessagePolicy: "FallbackToLogsOnError",
    securityContext: rootWith("NET_BIND_SERVICE"),
    resources: RESOURCES,
  };
}

/** Waits for the end of the pod, to take the address away: the simulator's image need not have `ip`. */
function addressContainer(tools: string): object {
  return {
    name: "address",
    ...shell(tools, "trap 'exit 0' TERM; while :; do sleep 3600 & wait; done"),
    lifecycle: { preStop: { exec: { command: ["sh", "-c", REMOVE_ADDRESS] } } },
  };
}
