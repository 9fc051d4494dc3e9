import { nmiExecProbes, nmiInCode, nmiInit } from "./nmi-pods.js";
import { shellWget, sidecar } from "./other-pods.js";
import type { PodValues } from "./pod-parts.js";
import type { StrategyName } from "./strategy-names.js";
import { armInit, tokenExecProbes, tokenInCode, tokenInit } from "./token-pods.js";
import type { YamlMap } from "./yaml.js";

/** The pod of each strategy. */
export const STRATEGIES: Readonly<Record<StrategyName, (values: PodValues) => YamlMap>> = {
  "nmi-init": nmiInit,
  "nmi-exec-probes": nmiExecProbes,
  "nmi-in-code": nmiInCode,
  "token-init": tokenInit,
  "arm-init": armInit,
  "token-exec-probes": tokenExecProbes,
  "token-in-code": tokenInCode,
  sidecar,
  "shell-wget": shellWget,
};

/** Nothing in their pods reads a token, so they cannot promise whose it is. */
const LOOK_AT_NO_TOKEN: ReadonlySet<StrategyName> = new Set(["nmi-init", "nmi-exec-probes", "shell-wget"]);

export function looksAtTokens(name: StrategyName): boolean {
  return !LOOK_AT_NO_TOKEN.has(name);
}
