import type { RequestKind } from "./request-kinds.js";

/**
 * What became of one pod on one node, as the Kubernetes API and the node show it: the same whether a kubelet of our own ran
 * the pod or a cluster did. Times are seconds since the pod was created.
 */
export interface Timeline {
  readonly strategy: string;
  readonly scenario: string;
  /** How long it was looked at, in seconds. */
  readonly lasts: number;
  /** In the order they were seen. */
  readonly events: readonly TimelineEvent[];
}

export type TimelineEvent = { readonly at: number } & (
  NodeEvent | StateEvent | ContainerEvent | ConditionEvent | ProbeEvent | TokenEvent | RequestsEvent
);

/** Something was done to the node: a step of the scenario. */
export interface NodeEvent {
  readonly kind: "node";
  /** The step in words, as the pictures write it: `NMI exits gracefully`. */
  readonly step: string;
}

/** What the node is like now: said at the beginning, and whenever it changes. A cluster does not show it. */
export interface StateEvent {
  readonly kind: "state";
  /** `gate`: what one that looks at this moment would see. */
  readonly lane: "nmi" | "gate";
  /** `nmi`: the simulator's own names, such as `active` or `not-active`. `gate`: `open`, `closed` or `bypassed`. */
  readonly value: string;
}

/** A container took another state: `status.containerStatuses[].state` and `status.initContainerStatuses[].state`. */
export interface ContainerEvent {
  readonly kind: "container";
  readonly container: string;
  readonly init: boolean;
  readonly state: "waiting" | "running" | "terminated";
  /** `CrashLoopBackOff`, `Completed`, `Error` ...: the Kubernetes API's own words. */
  readonly reason?: string;
  readonly exitCode?: number;
  readonly restartCount: number;
}

/** A condition of the pod changed. */
export interface ConditionEvent {
  readonly kind: "condition";
  readonly condition: "Initialized" | "ContainersReady" | "Ready";
  readonly status: boolean;
}

/** One probe ended. A cluster shows failures alone (events `Unhealthy`); expectations rest on conditions and containers. */
export interface ProbeEvent {
  readonly kind: "probe";
  readonly container: string;
  readonly probe: "startup" | "readiness" | "liveness";
  readonly success: boolean;
}

/** The application asked for a token, as it does once a second, and says whose it got, and never the token. */
export interface TokenEvent {
  readonly kind: "token";
  readonly identity: "right" | "wrong" | "none";
}

/** How many requests the node has had since the pod was created: the simulator's log, counted. */
export interface RequestsEvent {
  readonly kind: "requests";
  readonly of: RequestKind;
  readonly total: number;
}
