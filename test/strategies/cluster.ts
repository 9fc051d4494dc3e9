import type { NodeAction } from "./scenario.js";
import type { TimelineEvent } from "./timeline.js";

/** Where a pod runs beside a simulated node: a kubelet of our own, or a cluster. */
export interface Cluster {
  /**
   * Makes a node that is as `given` says and a pod of the manifest on it, and tells what becomes of them until `signal` is
   * aborted. Whatever it made is gone once the returned promise has settled.
   */
  run(cell: Cell, seen: (event: TimelineEvent) => void, signal: AbortSignal): Promise<void>;
}

/** One strategy in one scenario. */
export interface Cell {
  readonly strategy: string;
  /** The shipped manifest, as text: one or more YAML documents, a Pod among them. */
  readonly manifest: string;
  /** Whether the pod has its identity label. */
  readonly labelled: boolean;
  /** Done to the node before the pod is created. */
  readonly given: readonly NodeAction[];
  readonly steps: readonly CellStep[];
  /** Seconds from the creation of the pod to the end. */
  readonly lasts: number;
}

export interface CellStep {
  /** Seconds since the pod was created. */
  readonly at: number;
  /** In words: `NMI exits gracefully`. */
  readonly step: string;
  readonly actions: readonly NodeAction[];
}
