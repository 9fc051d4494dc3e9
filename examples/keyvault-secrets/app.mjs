// Reads a secret of a key vault; with a new value, writes it first.
import { SecretClient } from "@azure/keyvault-secrets";
import { DefaultAzureCredential, isGuardError } from "azure-identity-guard";

const { VAULT_URL, SECRET_NAME = "greeting", NEW_VALUE } = process.env;
if (!VAULT_URL) throw new Error("VAULT_URL names the vault, https://<name>.vault.azure.net");

// Waits for the pod's identity to come up, and returns no other's token.
const client = new SecretClient(VAULT_URL, new DefaultAzureCredential());

try {
  if (NEW_VALUE) await client.setSecret(SECRET_NAME, NEW_VALUE);
  const { value, properties } = await client.getSecret(SECRET_NAME);
  // Never the value: what is printed ends up in a log.
  console.log(`${SECRET_NAME} has ${value.length} characters, and is of version ${properties.version}`);
} catch (error) {
  // What the guard throws was decided before the vault saw any token; the rest is the vault's answer to the right one.
  console.error(isGuardError(error) ? `${error.code}: ${error.message}` : error.message);
  process.exitCode = 1;
}
