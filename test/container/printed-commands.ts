import type { PodValues } from "../../src/cli/manifests/pod-parts.js";
import { withoutComments, type Yaml, type YamlMap } from "../../src/cli/manifests/yaml.js";

/** The command lines of `azure-identity-guard` in containers and exec probes of the pods, each once, by its text. */
export function commandsOf(
  strategies: readonly ((values: PodValues) => YamlMap)[],
): readonly (readonly [string, readonly string[]])[] {
  const values: PodValues = { image: "app", cliImage: "cli", oid: undefined, port: 8086 };
  const found = strategies.flatMap((strategy) => commandsIn(withoutComments(strategy(values))));
  return [...new Map(found.map((argv) => [argv.join(" "), argv]))];
}

function commandsIn(value: Yaml): readonly (readonly string[])[] {
  if (typeof value !== "object") return [];
  const inner = Object.values(value as Readonly<Record<string, Yaml>>).flatMap(commandsIn);
  return Array.isArray(value) && value[0] === "azure-identity-guard" ? [value as readonly string[]] : inner;
}
