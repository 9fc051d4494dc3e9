import { fileURLToPath } from "node:url";
import type { AzureIdentity } from "../guard/azure-identity.js";
import { DefaultAzureCredential } from "../guard/default-azure-credential.js";
import { standIn } from "../guard/identity-copy.js";
import { ManagedIdentityCredential } from "../guard/managed-identity-credential.js";
import { WorkloadIdentityCredential } from "../guard/workload-identity-credential.js";
import { logger } from "../logger.js";
import { identityEntry } from "./identity-entry.js";
import { registration } from "./registration.js";

/** What stands in for exports of one copy of `@azure/identity`. */
export interface GuardedExports {
  readonly DefaultAzureCredential: typeof DefaultAzureCredential;
  readonly ManagedIdentityCredential: typeof ManagedIdentityCredential;
  readonly WorkloadIdentityCredential: typeof WorkloadIdentityCredential;
  readonly getDefaultAzureCredential: () => DefaultAzureCredential;
}

/**
 * Guarded classes for one copy of `@azure/identity`, which delegate to that copy and to no other. Called once for each
 * copy and format, when the application loads it. The ES modules of a copy get them from the ES modules of this library,
 * so that `setLogLevel` and the like of the application's own `@azure/logger` apply; CommonJS likewise.
 *
 * @param main path or URL of the copy's main file
 */
export function guardCopy(identity: AzureIdentity, main: string): GuardedExports {
  const isModule = main.startsWith("file:");
  const path = isModule ? fileURLToPath(main) : main;
  const { folder, version } = identityEntry(path) ?? { folder: path, version: "(unknown version)" };
  // Anonymous: they take the names of the properties, which are what logs of the SDK call them.
  const classes = {
    DefaultAzureCredential: class extends DefaultAzureCredential {},
    ManagedIdentityCredential: class extends ManagedIdentityCredential {},
    WorkloadIdentityCredential: class extends WorkloadIdentityCredential {},
  };
  for (const each of Object.values(classes)) standIn(each, { identity, folder });
  const names = Object.keys(classes).filter((name) => name in identity);
  const format = isModule ? "ES modules" : "CommonJS";
  logger.info(
    `register => guards ${names.join(", ")} of @azure/identity ${version} (${format}) in ${folder}`,
  );
  const registered = registration();
  registered.copies++;
  registered.onCopy();
  return { ...classes, getDefaultAzureCredential: () => new classes.DefaultAzureCredential() };
}
