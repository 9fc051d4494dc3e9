import { variable, type EnvironmentValues } from "./environment.js";

/**
 * Where a managed identity's tokens come from. Only `imds` is addressed by this library itself (IMDS, or NMI or the
 * migration proxy in its place); `federation` is the exchange of a service account token at Entra ID.
 */
export type ManagedIdentitySource =
  "imds" | "federation" | "service-fabric" | "app-service" | "machine-learning" | "cloud-shell" | "arc";

/** One source that has an endpoint of its own. */
export interface SourceRow {
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
  return federated && named ? "federation" : (namedSource(env)?.source ?? "imds");
}

/** Whether the environment names somebody to ask for a managed identity's tokens, beside the address that all have. */
export function namesSource(env: EnvironmentValues): boolean {
  return detectManagedIdentitySource(env, undefined) !== "imds";
}

/** The source with a protocol of its own that the environment names in full. */
export function namedSource(env: EnvironmentValues): SourceRow | undefined {
  return SOURCES.find(({ variables }) => variables.every((name) => isSet(env, name)));
}

function isSet(env: EnvironmentValues, name: string): boolean {
  return variable(env, name) !== undefined;
}
