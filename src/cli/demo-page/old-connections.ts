import type { NodeSimulator } from "../../testing/node-simulator.js";

/**
 * Cuts a connection that was opened while NMI's rule was there as soon as it is used without it. On a real node it stays
 * with NMI for as long as the SDK keeps it open; here whoever drops the rule wants to see what a new one meets.
 */
export function cutOldConnections({ faults, nmi }: NodeSimulator): void {
  faults.always("nmi", { kind: "reset" }, { match: () => !nmi.ruleInstalled });
}
