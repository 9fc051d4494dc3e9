import { variable, type EnvironmentValues } from "../config/environment.js";
import type { GateChoice } from "../config/guard-options.js";
import { namedSource } from "../config/identity-sources.js";
import type { GateKind } from "./gate-plane.js";
import type { RouteProbeResult } from "./route-probe.js";

/** What a gate is chosen from. */
export interface GateFacts {
  readonly environment: EnvironmentValues;
  /** What options or environment ask for by name. */
  readonly choice: GateChoice;
  /** Where NMI's health URL is from: somebody gave it, or it follows from the address of the node. */
  readonly nmiAddress: "url" | "host" | undefined;
}

/** The gate that was found, and why, for the log and for `doctor`. */
export interface DetectedGate {
  /**
   * `delegated`: a source with a protocol of its own, which `@azure/identity` is asked for; no gate guards it.
   * `nmi-or-proxy`: it takes a route probe to tell.
   */
  readonly gate: GateKind | "delegated" | "none";
  readonly why: string;
}

/**
 * The gate that a choice stands for; for `auto` the first that matches. Pure: decided once, from what is given. That
 * the Workload ID webhook should have injected something and has not cannot be seen from inside a pod, where neither
 * its labels nor its service account are visible: such a pod is told by `gate: "workload-identity"` alone.
 */
export function detectGate({ environment, choice, nmiAddress }: GateFacts): DetectedGate {
  if (choice !== "auto") return { gate: choice, why: `it was chosen by name (${choice})` };
  if (nmiAddress === "url") return { gate: "nmi", why: "the health URL of NMI is given" };
  if (variable(environment, "AZURE_FEDERATED_TOKEN_FILE") !== undefined) {
    return { gate: "workload-identity", why: "AZURE_FEDERATED_TOKEN_FILE is set" };
  }
  const row = namedSource(environment);
  if (row !== undefined) {
    const verb = row.variables.length === 1 ? "is" : "are";
    return { gate: "delegated", why: `${row.variables.join(" and ")} ${verb} set (${row.source})` };
  }
  if (nmiAddress === "host") return { gate: "nmi-or-proxy", why: "HOST_IP is given" };
  return { gate: "none", why: "nothing points to AAD Pod Identity or to Workload ID" };
}

/** Which plane a route probe speaks for; of IMDS, of an unknown answer and of none it cannot be told. */
export function decidePlane(route: RouteProbeResult["route"]): "nmi" | "proxy" | undefined {
  return route === "nmi" || route === "proxy" ? route : undefined;
}
