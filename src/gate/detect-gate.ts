import { variable, type EnvironmentValues } from "../config/environment.js";
import type { GateChoice } from "../config/guard-options.js";
import type { GateKind } from "./gate-plane.js";
import type { RouteProbeResult } from "./route-probe.js";

/**
 * Where a managed identity's tokens come from. Only `imds` is addressed by this library itself (IMDS, or NMI or the
 * Workload ID proxy in its place); `federation` is the exchange of a service account token at Entra ID.
 */
export type ManagedIdentitySource =
  "imds" | "federation" | "service-fabric" | "app-service" | "machine-learning" | "cloud-shell" | "arc";

interface SourceRow {
  readonly source: ManagedIdentitySource;
  /** All of them must be set. */
  readonly variables: readonly string[];
}

/**
 * In the order of msal-node (client/ManagedIdentityClient.ts, `getManagedIdentitySource`). MSAL also takes an installed
 * Azure Arc agent for Arc without any variable, which is a question to the file system and not asked here.
 */
const SOURCES: readonly SourceRow[] = [
  {
    source: "service-fabric",
    variables: ["IDENTITY_ENDPOINT", "IDENTITY_HEADER", "IDENTITY_SERVER_THUMBPRINT"],
  },
  { source: "app-service", variables: ["IDENTITY_ENDPOINT", "IDENTITY_HEADER"] },
  { source: "machine-learning", variables: ["MSI_ENDPOINT", "MSI_SECRET"] },
  { source: "cloud-shell", variables: ["MSI_ENDPOINT"] },
  { source: "arc", variables: ["IDENTITY_ENDPOINT", "IMDS_ENDPOINT"] },
];

/**
 * Which source `@azure/identity` would ask. Federation comes before all others, as in its
 * managedIdentityCredential/tokenExchangeMsi.ts; `clientId` stands for the option, `AZURE_CLIENT_ID` for its absence.
 */
export function detectManagedIdentitySource(
  env: EnvironmentValues,
  clientId: string | undefined,
): ManagedIdentitySource {
  const federated = ["AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE"].every((name) => isSet(env, name));
  const named = (clientId !== undefined && clientId !== "") || isSet(env, "AZURE_CLIENT_ID");
  return federated && named ? "federation" : (endpointRow(env)?.source ?? "imds");
}

/** Whether the environment names somebody to ask for a managed identity's tokens, beside the address that all have. */
export function namesSource(env: EnvironmentValues): boolean {
  return detectManagedIdentitySource(env, undefined) !== "imds";
}

/** What a gate is chosen from. */
export interface GateFacts {
  readonly environment: EnvironmentValues;
  /** What options or environment ask for by name. */
  readonly choice: GateChoice;
  /** Where NMI's health URL is from: somebody gave it, or it follows from the address of the node. */
  readonly nmiAddress: "url" | "host" | undefined;
  /** Who would answer a token request, where somebody has looked already. */
  readonly route?: RouteProbeResult["route"] | undefined;
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
export function detectGate({ environment, choice, nmiAddress, route }: GateFacts): DetectedGate {
  if (choice !== "auto") return { gate: choice, why: `it was chosen by name (${choice})` };
  if (nmiAddress === "url") return { gate: "nmi", why: "the health URL of NMI is given" };
  if (isSet(environment, "AZURE_FEDERATED_TOKEN_FILE")) {
    return { gate: "workload-identity", why: "AZURE_FEDERATED_TOKEN_FILE is set" };
  }
  const row = endpointRow(environment);
  if (row !== undefined) {
    const verb = row.variables.length === 1 ? "is" : "are";
    return { gate: "delegated", why: `${row.variables.join(" and ")} ${verb} set (${row.source})` };
  }
  if (nmiAddress === "host") {
    const plane = route === undefined ? undefined : decidePlane(route);
    const seen = plane === undefined ? "" : ", and the route probe was answered by it";
    return { gate: plane ?? "nmi-or-proxy", why: `HOST_IP is given${seen}` };
  }
  return { gate: "none", why: "nothing points to AAD Pod Identity or to Workload ID" };
}

/** Which plane a route probe speaks for; of IMDS, of an unknown answer and of none it cannot be told. */
export function decidePlane(route: RouteProbeResult["route"]): "nmi" | "proxy" | undefined {
  return route === "nmi" || route === "proxy" ? route : undefined;
}

function endpointRow(env: EnvironmentValues): SourceRow | undefined {
  return SOURCES.find(({ variables }) => variables.every((name) => isSet(env, name)));
}

function isSet(env: EnvironmentValues, name: string): boolean {
  return variable(env, name) !== undefined;
}
