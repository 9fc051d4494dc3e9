import type { AbortSignalLike } from "../abort.js";

/**
 * Why a gate is open or closed. A closed union; gates of users say `custom:...`.
 *
 * @public
 */
export type GateReason =
  | "active" // open: NMI is healthy, and the route probe was answered by NMI
  | "active-route-unknown" // open: NMI is healthy; who answers token requests could not be told
  | "proxy-active" // open: the Workload ID migration proxy is up, and it answers token requests
  | "token-file-valid" // open: what the Workload ID webhook injects is there, and the service account token is valid
  | "not-active" // NMI answers, but has not installed its rule
  | "health-refused" // nothing listens on the health port
  | "health-unreachable" // the health address cannot be reached or resolved
  | "health-timeout" // no answer from the health address in time
  | "health-unexpected" // something answers there, with another status or body
  | "route-bypassed" // IMDS itself answers where NMI, or the migration proxy, should
  | "route-proxied" // the Workload ID migration proxy answers where NMI should
  | "route-not-proxied" // somebody else than the migration proxy answers where the proxy should
  | "route-unreachable" // NMI or the proxy is healthy, and nobody answers token requests
  | "proxy-unreachable" // the migration proxy does not answer
  | "proxy-unexpected" // something else answers on the migration proxy's port
  | "not-injected" // variables that the Workload ID webhook injects are missing; for good
  | "injection-invalid" // such a variable has a value that cannot be used; for good
  | "token-file-missing" // the service account token's file is not there
  | "token-file-unreadable" // it is there, and cannot be read
  | "token-file-invalid" // it holds no service account token
  | "token-file-expired" // the service account token has expired, and was not renewed
  | "gate-error" // the gate threw, or took too long: more than 2 s for one of the application's own
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
