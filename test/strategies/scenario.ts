/**
 * A command to the simulated node's control server (`POST /<to>` with `body`), which NodeSimulator takes in any process; `arm`
 * is Azure Resource Manager, which only cells on this machine have one of that does as it is told.
 */
export interface NodeAction {
  readonly to: "nmi" | "mic" | "imds" | "faults" | "arm";
  readonly body: Readonly<Record<string, unknown>> & { readonly action: string };
}

/** What a node is like when a pod comes to it, and what is done to it while the pod is there. */
export interface Scenario {
  readonly name: string;
  /** In words: `NMI crashes, and stays away`. */
  readonly title: string;
  /** Whether the pod has its identity label. */
  readonly labelled: boolean;
  /** Brings a node, whatever it was like before, to where the scenario begins. */
  readonly given: readonly NodeAction[];
  readonly steps: readonly ScenarioStep[];
  /** Seconds from the creation of the pod to the end. */
  readonly lasts: number;
}

export interface ScenarioStep {
  /** Seconds since the pod was created. */
  readonly at: number;
  /** In words: `NMI exits gracefully`. */
  readonly step: string;
  readonly actions: readonly NodeAction[];
}
