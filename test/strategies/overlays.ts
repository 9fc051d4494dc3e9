import type { Yaml, YamlMap } from "../../src/cli/manifests/yaml.js";

/*
 * The files of examples/kubernetes for Kustomize, made of the printed pods: the base is what they have in common, and each
 * overlay patches the rest in.
 */

export const BASE_KUSTOMIZATION: YamlMap = {
  "# The application's pod without any check; each folder beside this one adds its own.": "",
  apiVersion: "kustomize.config.k8s.io/v1beta1",
  kind: "Kustomization",
  resources: ["pod.yaml"],
};

export const OVERLAY_KUSTOMIZATION: YamlMap = {
  apiVersion: "kustomize.config.k8s.io/v1beta1",
  kind: "Kustomization",
  resources: ["../base"],
  patches: [{ path: "patch.yaml" }],
};

/** What two pods have in common: fields of the same value, and the same of containers of the same name. */
export function common(one: YamlMap, other: YamlMap): YamlMap {
  return Object.fromEntries(
    Object.entries(one).flatMap(([key, value]) => {
      const [both] = bothOf(value, other[key]);
      return both === undefined ? [] : [[key, both]];
    }),
  );
}

function bothOf(one: Yaml, other: Yaml | undefined): readonly Yaml[] {
  if (other === undefined) return [];
  if (isNamed(one) && isNamed(other)) {
    const items = one.flatMap((item) =>
      bothOf(
        item,
        other.find(({ name }) => name === item.name),
      ),
    );
    return items.length === 0 ? [] : [items];
  }
  if (isMap(one) && isMap(other)) return [common(one, other)];
  return JSON.stringify(one) === JSON.stringify(other) ? [one] : [];
}

/** What a strategic merge patch must say to make `base` the pod. The base has nothing that the pod has not. */
export function patchOf(base: YamlMap, pod: YamlMap): YamlMap {
  const { apiVersion = "", kind = "", metadata } = pod;
  const name = isMap(metadata) ? (metadata["name"] ?? "") : "";
  const comments = Object.entries(pod).filter(([key]) => key.startsWith("#"));
  return {
    ...Object.fromEntries(comments),
    apiVersion,
    kind,
    metadata: { name },
    ...difference(base, pod),
  };
}

function difference(base: YamlMap, pod: YamlMap): YamlMap {
  return Object.fromEntries(
    Object.entries(pod).flatMap(([key, value]) => {
      const had = base[key];
      if (JSON.stringify(had) === JSON.stringify(value)) return [];
      if (isNamed(value) && isNamed(had)) return [[key, differentItems(had, value)]];
      return [[key, isMap(value) && isMap(had) ? difference(had, value) : value]];
    }),
  );
}

function differentItems(base: readonly NamedMap[], items: readonly NamedMap[]): readonly YamlMap[] {
  return items.flatMap((item) => {
    const had = base.find(({ name }) => name === item.name);
    if (JSON.stringify(had) === JSON.stringify(item)) return [];
    return [had === undefined ? item : { name: item.name, ...difference(had, item) }];
  });
}

type NamedMap = YamlMap & { readonly name: string };

function isNamed(value: Yaml | undefined): value is readonly NamedMap[] {
  return Array.isArray(value) && value.every((item: Yaml) => isMap(item) && typeof item["name"] === "string");
}

function isMap(value: Yaml | undefined): value is YamlMap {
  return typeof value === "object" && !Array.isArray(value);
}
