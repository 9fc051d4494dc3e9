import { createRequire } from "node:module";
import type * as Identity from "@azure/identity";
import { IdentityGuardError } from "../errors.js";

/** The classes of the application's own `@azure/identity`. */
export type AzureIdentity = typeof Identity;

let loaded: AzureIdentity | undefined;

/**
 * Loads `@azure/identity` at first need: it costs some 100 ms and 20 MiB, and a pod under NMI never needs it.
 * Synchronous, since constructors must throw what the SDK's constructors throw.
 */
export function azureIdentity(): AzureIdentity {
  loaded ??= load();
  return loaded;
}

function load(): AzureIdentity {
  try {
    // The peer dependency beside this package is the application's own copy.
    const require: (name: "@azure/identity") => AzureIdentity = createRequire(import.meta.url);
    return require("@azure/identity");
  } catch (error) {
    if (!isNotFound(error)) throw error;
    const expected = "version 4.12 or later, below 5: npm install @azure/identity";
    throw new IdentityGuardError(
      "ERR_GUARD_CONFIGURATION",
      `This environment needs the package @azure/identity, which is not installed; give ${expected}`,
      { problems: [{ name: "@azure/identity", value: "not installed", expected }] },
      { cause: error },
    );
  }
}

function isNotFound(error: unknown): boolean {
  return (
    error instanceof Error &&
    "code" in error &&
    error.code === "MODULE_NOT_FOUND" &&
    error.message.includes("@azure/identity")
  );
}
