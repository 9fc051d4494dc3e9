import { variable, type EnvironmentValues } from "../../config/environment.js";

/** What makes an `EnvironmentCredential`, besides tenant and client ID (@azure/identity environmentCredential.ts). */
const SECRETS: readonly string[] = ["AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_PASSWORD"];

/** Choices of `AZURE_TOKEN_CREDENTIALS` that leave it in the chain. */
const LEFT_IN: readonly string[] = ["prod", "environmentcredential"];

/**
 * The variable by which `DefaultAzureCredential` takes a secret of the environment, before any managed identity;
 * `undefined` where it takes none.
 */
export function secretVariable(environment: EnvironmentValues): string | undefined {
  const isSet = (name: string): boolean => variable(environment, name) !== undefined;
  const choice = variable(environment, "AZURE_TOKEN_CREDENTIALS")?.trim().toLowerCase();
  if (choice !== undefined && !LEFT_IN.includes(choice)) return undefined;
  if (!isSet("AZURE_TENANT_ID") || !isSet("AZURE_CLIENT_ID")) return undefined;
  return SECRETS.find((name) => isSet(name) && (name !== "AZURE_PASSWORD" || isSet("AZURE_USERNAME")));
}
