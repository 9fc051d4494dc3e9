import { parseAllDocuments } from "yaml";
import { probe, type ProbeSpec } from "./probe-spec.js";
import {
  flag,
  listOf,
  ManifestError,
  mapOf,
  noEffect,
  object,
  oneOf,
  optional,
  text,
  usually,
  whole,
  type Of,
  type Read,
} from "./read-fields.js";

export type RestartPolicy = "Always" | "OnFailure" | "Never";

/** Of Kubernetes' API, what this kubelet acts upon. */
export interface PodManifest {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly restartPolicy: RestartPolicy;
  readonly terminationGracePeriodSeconds: number;
  readonly serviceAccountName: string;
  readonly initContainers: readonly ContainerSpec[];
  readonly containers: readonly ContainerSpec[];
}

export interface ContainerSpec {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[] | undefined;
  readonly args: readonly string[] | undefined;
  readonly env: readonly EnvironmentVariable[];
  readonly ports: readonly { readonly name: string | undefined; readonly containerPort: number }[];
  /** An init container that has it is a sidecar. */
  readonly restartPolicy: "Always" | undefined;
  readonly startupProbe: ProbeSpec | undefined;
  readonly readinessProbe: ProbeSpec | undefined;
  readonly livenessProbe: ProbeSpec | undefined;
}

/** One of `value` and `fieldPath`. */
export interface EnvironmentVariable {
  readonly name: string;
  readonly value: string;
  readonly fieldPath: string | undefined;
}

const variable: Read<EnvironmentVariable> = (value, at) => {
  const given = object({
    name: text,
    value: usually(text, ""),
    valueFrom: optional(object({ fieldRef: object({ fieldPath: text, apiVersion: noEffect }) })),
  })(value, at);
  return { name: given.name, value: given.value, fieldPath: given.valueFrom?.fieldRef.fieldPath };
};

const container = object({
  name: text,
  image: text,
  command: optional(listOf(text)),
  args: optional(listOf(text)),
  env: usually(listOf(variable), []),
  ports: usually(
    listOf(object({ name: optional(text), containerPort: whole(1), protocol: optional(oneOf("TCP")) })),
    [],
  ),
  restartPolicy: optional(oneOf("Always")),
  startupProbe: optional(probe("startup")),
  readinessProbe: optional(probe("readiness")),
  livenessProbe: optional(probe("liveness")),
  // Processes of the tests are neither confined nor pulled.
  resources: noEffect,
  securityContext: noEffect,
  imagePullPolicy: noEffect,
  terminationMessagePolicy: noEffect,
});

const pod = object({
  apiVersion: oneOf("v1"),
  kind: oneOf("Pod"),
  metadata: object({
    name: text,
    namespace: usually(text, "default"),
    labels: usually(mapOf(text), {}),
    annotations: usually(mapOf(text), {}),
  }),
  spec: object({
    restartPolicy: usually(oneOf("Always", "OnFailure", "Never"), "Always"),
    terminationGracePeriodSeconds: usually(whole(0), 30),
    serviceAccountName: usually(text, "default"),
    initContainers: usually(listOf(container), []),
    containers: listOf(container),
    securityContext: noEffect,
    automountServiceAccountToken: optional(flag),
    enableServiceLinks: optional(flag),
    nodeSelector: noEffect,
    tolerations: noEffect,
  }),
});

const PROBES = ["startupProbe", "readinessProbe", "livenessProbe"] as const;

/**
 * The pod of a manifest, which may have other documents beside it.
 *
 * @throws ManifestError where there is not exactly one pod, or where it has a field that this kubelet does not act upon.
 */
export function readPod(manifest: string): PodManifest {
  const documents: unknown[] = parseAllDocuments(manifest).map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw new ManifestError(`manifest: ${error.message}`);
    return document.toJS() as unknown;
  });
  const [found, ...more] = documents.filter(isPod);
  if (found === undefined || more.length > 0)
    throw new ManifestError("manifest: exactly one Pod is expected here");
  const { metadata, spec } = pod(found, "");
  spec.initContainers.forEach(checkInitContainer);
  spec.containers.forEach(checkContainer);
  if (spec.containers.length === 0) throw new ManifestError("spec.containers: a pod has one or more");
  return { metadata, ...spec };
}

const isPod = (document: unknown): boolean =>
  typeof document === "object" && document !== null && "kind" in document && document.kind === "Pod";

/** https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#differences-from-regular-containers */
function checkInitContainer(
  init: Of<{ restartPolicy: Read<string | undefined> }> & ContainerSpec,
  index: number,
): void {
  if (init.restartPolicy !== undefined) return;
  const given = PROBES.find((name) => init[name] !== undefined);
  if (given !== undefined) {
    throw new ManifestError(
      `spec.initContainers[${index}].${given}: only a sidecar (restartPolicy: Always) has probes`,
    );
  }
}

function checkContainer({ restartPolicy }: ContainerSpec, index: number): void {
  if (restartPolicy !== undefined) {
    throw new ManifestError(
      `spec.containers[${index}].restartPolicy: only an init container may have it here`,
    );
  }
}
