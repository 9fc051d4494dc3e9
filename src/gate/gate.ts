import type { AbortSignalLike } from "../abort.js";

/**
 * Why a gate is open or closed. A closed union; gates of users say `custom:...`.
 *
 * @public
 */
export type GateReason =
  | "active" // open: NMI is healthy, and the route probe was answered by NMI
  | "active-route-unknown" // open: NMI is healthy; who answers token requests could not be told
  | "not-active" // NMI answers, but has not installed its rule
  | "health-refused" // nothing listens on the health port
  | "health-unreachable" // the health address cannot be reached or resolved
  | "health-timeout" // no answer from the health address in time
  | "health-unexpected" // something answers there, with another status or body
  | "route-bypassed" // IMDS itself answers where NMI should
  | "route-proxied" // the Workload ID migration proxy answers where NMI should
  | "route-unreachable" // NMI is healthy, and nobody answers token requests
  | "gate-error" // the gate threw, or took more than 2 s
  | `custom:${string}`;

/**
 * What a gate saw. `observedAt` is milliseconds since the Unix epoch.
 *
 * @public
 */
export type GateObservation =
  | {
      readonly state: "open";
      readonly reason: GateReason;
      readonly detail?: string;
      readonly observedAt: number;
    }
  | {
      readonly state: "closed";
      readonly reason: GateReason;
      /** Waiting does not help: callers are rejected at once. */
      readonly permanent: boolean;
      readonly remedy?: string;
      readonly detail?: string;
      readonly observedAt: number;
    };

/**
 * Says whether the identity plane is fit to be asked now. Users may write their own.
 * A gate that throws, or takes more than 2 s, counts as closed with reason `gate-error`.
 *
 * @public
 */
export interface Gate {
  /** Short, for messages and metrics. */
  readonly name: string;
  /** One observation. An unreachable plane is an observation, not an error. */
  check(options?: { abortSignal?: AbortSignalLike }): Promise<GateObservation>;
}

/**
 * Gates with the same key look at the same thing, so that one watcher serves them all, also across copies of the
 * package. A gate without a key is watched for itself.
 */
export const GATE_KEY: unique symbol = Symbol.for("azure-identity-guard.gate-key");

export interface KeyedGate extends Gate {
  readonly [GATE_KEY]: string;
}

export function gateKey(gate: Gate): string | undefined {
  return GATE_KEY in gate && typeof gate[GATE_KEY] === "string" ? gate[GATE_KEY] : undefined;
}
