import { variable, type EnvironmentValues } from "../config/environment.js";

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

/** What `auto` found, and why, for the log and for `doctor`. */
export interface DetectedGate {
  /** `delegated`: a source with a protocol of its own, which `@azure/identity` is asked for; no gate guards it. */
  readonly gate: "nmi" | "workload-identity" | "delegated" | "none";
  readonly why: string;
}

/** The gate that `auto` stands for: the first that matches. Decided once, from the environment alone. */
export function detectGate(env: EnvironmentValues, nmiUrlGiven: boolean, hostIpGiven: boolean): DetectedGate {
  if (nmiUrlGiven) return { gate: "nmi", why: "the health URL of NMI is given" };
  if (isSet(env, "AZURE_FEDERATED_TOKEN_FILE")) {
    return { gate: "workload-identity", why: "AZURE_FEDERATED_TOKEN_FILE is set" };
  }
  const row = endpointRow(env);
  if (row !== undefined) {
    const verb = row.variables.length === 1 ? "is" : "are";
    return { gate: "delegated", why: `${row.variables.join(" and ")} ${verb} set (${row.source})` };
  }
  if (hostIpGiven) return { gate: "nmi", why: "HOST_IP is given" };
  return { gate: "none", why: "nothing points to AAD Pod Identity or to Workload ID" };
}

function endpointRow(env: EnvironmentValues): SourceRow | undefined {
  return SOURCES.find(({ variables }) => variables.every((name) => isSet(env, name)));
}

function isSet(env: EnvironmentValues, name: string): boolean {
  return variable(env, name) !== undefined;
}
