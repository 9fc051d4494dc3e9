import type { Cell } from "../cluster.js";
import type { NodeAction } from "../scenario.js";
import type { RequestCounts } from "../request-kinds.js";

/** What issues tokens on the node: the simulator in a DaemonSet, or the real NMI. */
export interface IdentityPlane {
  /** Whether others on the node go without it meanwhile: then it does not wait for a pod that will not go. */
  readonly isShared: boolean;
  /** What of a cell it cannot do, in words; undefined where it can do all. */
  whyNot(cell: Cell): string | undefined;
  /** A node that is as the cell's `given` says. */
  prepare(cell: Cell, signal: AbortSignal): Promise<PreparedNode>;
  /** At the end of the run: once more what a node's own `restore` could not do. */
  restore(): Promise<void>;
}

export interface PreparedNode {
  apply(action: NodeAction, signal: AbortSignal): Promise<void>;
  /** Requests since `prepare`; undefined where nobody counts them. */
  requests(signal: AbortSignal): Promise<RequestCounts | undefined>;
  /** Everything as it was. */
  restore(): Promise<void>;
}
