import type { PodInit } from "../../../src/testing/pods.js";
import { UNLABELLED } from "../unlabelled-pod.js";
import { addressLabel, hasAddress, holdAddress, METADATA_ADDRESS } from "./node-address.js";

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

export const CONTROL_PORT = 18_085;
export const SIMULATOR_NAME = "node-simulator";
const LABELS: Readonly<Record<string, string>> = { app: SIMULATOR_NAME };
export const SIMULATOR_SELECTOR: string = `app=${SIMULATOR_NAME}`;

export function namespaceObject(name: string): object {
  // Host network and NET_ADMIN are what the levels `restricted` and `baseline` exist to refuse.
  const labels = { "pod-security.kubernetes.io/enforce": "privileged" };
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } };
}

export interface SimulatorPlace {
  readonly namespace: string;
  /** Value of `kubernetes.io/hostname` of exactly one node. */
  readonly hostname: string;
  /** Whether a metadata service that answers on the node may be hidden. */
  readonly shadowMetadata: boolean;
}

/** The simulated node. To NMI whoever asks there is its pod `app`, unless that is not to be `labelled`. */
export function simulatorObject(place: SimulatorPlace, images: SimulatorImages, labelled: boolean): object {
  const { namespace, hostname } = place;
  const pods = labelled ? [] : UNLABELLED.flatMap((pod) => ["--pod", podValue(pod)]);
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
          // For the signals of the container `address`, which is not to be the first process of a PID namespace.
          shareProcessNamespace: true,
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 20,
          nodeSelector: { "kubernetes.io/hostname": hostname },
          initContainers: [...pulls(images), addressContainer(place, images)],
          containers: [simulatorContainer(images, pods)],
        },
      },
    },
  };
}

const podValue = ({ name, addresses = [] }: PodInit): string => [name, ...addresses].join("=");

const RESOURCES = { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "256Mi" } };

/** Of root's privileges one alone: in the node's own network namespace, ports below 1024 and addresses are root's. */
const rootWith = (capability: string): object => ({
  runAsUser: 0,
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"], add: [capability] },
});

/** All images, so that nothing is pulled while the address is there: a registry's login may need the metadata service. */
function pulls({ simulator, tools, pulled }: SimulatorImages): object[] {
  const withNode = [...new Set([...pulled, simulator])];
  return [
    ...withNode.map((image) => ({ image, command: ["node", "--version"] })),
    { image: tools, command: ["sh", "-c", ":"] },
  ].map((container, index) => ({ name: `pull-${index}`, ...container, resources: RESOURCES }));
}

const PULLED_ALREADY = { imagePullPolicy: "Never" };
// The last lines of its log are then in the pod's status, and in our words.
const LOG_IN_STATUS = { terminationMessagePolicy: "FallbackToLogsOnError" };

/**
 * A sidecar: the simulator starts after it and ends before it. One container both adds the address and takes it away, so that
 * the address is nowhere without what takes it away.
 */
function addressContainer({ namespace, shadowMetadata }: SimulatorPlace, { tools }: SimulatorImages): object {
  const label = addressLabel(namespace);
  return {
    name: "address",
    image: tools,
    ...PULLED_ALREADY,
    restartPolicy: "Always",
    command: ["sh", "-c", holdAddress(label, shadowMetadata)],
    startupProbe: {
      exec: { command: ["sh", "-c", hasAddress(label)] },
      periodSeconds: 1,
      timeoutSeconds: 5,
      failureThreshold: 60,
    },
    ...LOG_IN_STATUS,
    securityContext: rootWith("NET_ADMIN"),
    resources: RESOURCES,
  };
}

function simulatorContainer({ simulator, simulatorPath }: SimulatorImages, more: readonly string[]): object {
  const address = { fieldRef: { fieldPath: "status.hostIP" } };
  return {
    name: "simulator",
    image: simulator,
    ...PULLED_ALREADY,
    command: ["node", simulatorPath],
    args: [
      ...["--health-host", "$(NODE_IP)", "--health-port", "8085"],
      ...["--metadata-host", METADATA_ADDRESS, "--metadata-port", "80"],
      ...["--control-host", "$(NODE_IP)", "--control-port", String(CONTROL_PORT)],
      ...more,
    ],
    env: [{ name: "NODE_IP", valueFrom: address }],
    readinessProbe: { httpGet: { path: "/state", port: CONTROL_PORT }, periodSeconds: 1 },
    ...LOG_IN_STATUS,
    securityContext: rootWith("NET_BIND_SERVICE"),
    resources: RESOURCES,
  };
}
