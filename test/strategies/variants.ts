import { readFileSync } from "node:fs";
import { STRATEGIES } from "../../src/cli/manifests/strategies.js";
import { STRATEGY_NAMES, type StrategyName } from "../../src/cli/manifests/strategy-names.js";
import { writeYaml } from "../../src/cli/manifests/yaml.js";
import { APP_IDENTITY } from "./scenarios.js";

const MANIFESTS = new URL("../../examples/kubernetes/", import.meta.url);
const IMAGE = "registry.example/app:1.0.0";

/** What has a row in the matrix: each strategy as it is shipped, and the one that catches more with an option. */
export type VariantName = StrategyName | typeof PINNED;
const PINNED = "nmi-in-code-oid";

export const VARIANT_NAMES: readonly VariantName[] = STRATEGY_NAMES.flatMap((name) =>
  name === "nmi-in-code" ? [name, PINNED] : [name],
);

/** Its pod, as text. */
export function manifestOf(name: VariantName): string {
  if (name !== PINNED) return readFileSync(new URL(`${name}/pod.yaml`, MANIFESTS), "utf8");
  const values = { image: IMAGE, cliImage: IMAGE, oid: APP_IDENTITY.objectId, port: 8086 };
  return writeYaml(STRATEGIES["nmi-in-code"](values));
}

/** In Markdown, with the way to its folder. */
export function linkOf(name: VariantName): string {
  return name === PINNED ? `${linkOf("nmi-in-code")} with \`--oid\`` : `[\`${name}\`](${name})`;
}
