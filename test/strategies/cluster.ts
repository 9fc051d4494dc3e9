import type { Scenario } from "./scenario.js";
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
export interface Cell extends Pick<Scenario, "labelled" | "given" | "steps" | "lasts"> {
  readonly strategy: string;
  /** The shipped manifest, as text: one or more YAML documents, a Pod among them. */
  readonly manifest: string;
}
