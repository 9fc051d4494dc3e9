/** The ways to place the check that the command line has a pod for. */
export const STRATEGY_NAMES = ["nmi-init", "nmi-exec-probes", "nmi-in-code"] as const;

export type StrategyName = (typeof STRATEGY_NAMES)[number];

export function isStrategyName(name: string): name is StrategyName {
  return STRATEGY_NAMES.some((each) => each === name);
}
