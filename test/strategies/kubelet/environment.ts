import type { ContainerSpec, PodManifest } from "./manifest.js";
import { ManifestError } from "./read-fields.js";

/** What the kubelet knows of a pod beside its manifest. */
export interface PodPlace {
  readonly hostIP: string;
  readonly podIP: string;
  readonly nodeName: string;
  readonly uid: string;
}

/** What a container runs, and with which variables. */
export interface ResolvedContainer {
  readonly command: readonly string[] | undefined;
  readonly args: readonly string[] | undefined;
  readonly env: Readonly<Record<string, string>>;
}

/** https://kubernetes.io/docs/concepts/workloads/pods/downward-api/#available-fields */
const FIELDS: Readonly<Record<string, (pod: PodManifest, place: PodPlace) => string>> = {
  "metadata.name": ({ metadata }) => metadata.name,
  "metadata.namespace": ({ metadata }) => metadata.namespace,
  "metadata.uid": (_pod, { uid }) => uid,
  "spec.serviceAccountName": ({ serviceAccountName }) => serviceAccountName,
  "spec.nodeName": (_pod, { nodeName }) => nodeName,
  "status.hostIP": (_pod, { hostIP }) => hostIP,
  "status.podIP": (_pod, { podIP }) => podIP,
};
const OF_MAP = /^metadata\.(labels|annotations)\['([^']+)'\]$/u;

/** Fills in what fields and variables refer to. */
export function resolveContainer(
  container: ContainerSpec,
  pod: PodManifest,
  place: PodPlace,
): ResolvedContainer {
  const env: Record<string, string> = {};
  for (const { name, value, fieldPath } of container.env) {
    env[name] = fieldPath === undefined ? expand(value, env) : field(fieldPath, pod, place);
  }
  const all = (words: readonly string[] | undefined): readonly string[] | undefined =>
    words?.map((word) => expand(word, env));
  return { command: all(container.command), args: all(container.args), env };
}

/**
 * What an exec probe runs: `$(NAME)` is the variable's value as the manifest has it, and nothing where that is a field's. Not in
 * the documentation: `ExpandContainerCommandOnlyStatic` of pkg/kubelet/container/helpers.go.
 */
export function resolveProbeCommand(command: readonly string[], { env }: ContainerSpec): readonly string[] {
  const asGiven = Object.fromEntries(env.map(({ name, value }) => [name, value]));
  return command.map((word) => expand(word, asGiven));
}

function field(path: string, pod: PodManifest, place: PodPlace): string {
  const [, map, key] = OF_MAP.exec(path) ?? [];
  if (map === "labels" || map === "annotations") return pod.metadata[map][key ?? ""] ?? "";
  const read = FIELDS[path];
  if (read === undefined) throw new ManifestError(`fieldRef: this kubelet does not know ${path}`);
  return read(pod, place);
}

/**
 * `$(NAME)` is the variable, where one was defined before; `$$(NAME)` is `$(NAME)`, never looked up; else all stays as it is.
 * https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
 */
export function expand(given: string, env: Readonly<Record<string, string>>): string {
  return given.replaceAll(/\$\$|\$\(([^)]*)\)/gu, (whole, name?: string) => {
    if (name === undefined) return "$";
    return Object.hasOwn(env, name) ? (env[name] ?? "") : whole;
  });
}
