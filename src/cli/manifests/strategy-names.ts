/** The ways to place the check that the command line has a pod for, each with what it catches. */
const CATCHES = {
  "nmi-init": "NMI away or Not Active at the start; nothing later",
  "nmi-exec-probes": "NMI lost at any time; a process for each probe",
  "nmi-in-code": "NMI lost; with --oid another identity too (recommended)",
  "token-init": "no token, or another identity's, at the start",
  "arm-init": "the same, and one that Azure Resource Manager refuses",
  "token-exec-probes": "no token, or another identity's; a request a probe",
  "token-in-code": "NMI lost, and every token that is not the identity's",
  sidecar: "NMI lost; no token, or another identity's, at the start",
  "shell-wget": "NMI gone; lets Not Active and a lost rule through",
} as const;

export type StrategyName = keyof typeof CATCHES;

export const STRATEGY_NAMES: readonly StrategyName[] = Object.keys(CATCHES).filter(isStrategyName);

export function isStrategyName(name: string): name is StrategyName {
  return Object.hasOwn(CATCHES, name);
}

/** One line a strategy, for the help and for whoever names none. */
export function strategyLines(): readonly string[] {
  const width = Math.max(...STRATEGY_NAMES.map((name) => name.length));
  return STRATEGY_NAMES.map((name) => `  ${name.padEnd(width)}  ${CATCHES[name]}`);
}
