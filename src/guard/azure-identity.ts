import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type * as Identity from "@azure/identity";
import { IdentityGuardError } from "../errors.js";
import { copyOf, type IdentityCopy } from "./identity-copy.js";

/** The classes of the application's own `@azure/identity`. */
export type AzureIdentity = typeof Identity;

const PACKAGE = "@azure/identity";

let loaded: AzureIdentity | undefined;

/**
 * Loads `@azure/identity` at first need: it costs some 100 ms and 20 MiB, and a pod under NMI never needs it.
 * Synchronous, since constructors must throw what the SDK's constructors throw.
 *
 * @param copy the one to use where the application has several; default: the one that this library finds
 */
export function azureIdentity(copy?: IdentityCopy): AzureIdentity {
  if (copy !== undefined) return copy.identity;
  if (loaded === undefined) {
    const found = load();
    // With `register` it has our classes in place of its own.
    loaded = copyOf(found.DefaultAzureCredential)?.identity ?? found;
  }
  return loaded;
}

function load(): AzureIdentity {
  const require: (name: string) => AzureIdentity = createRequire(import.meta.url);
  try {
    return moduleOf(require) ?? require(PACKAGE);
  } catch (error) {
    if (!hasCode(error, "MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND") || !error.message.includes(PACKAGE)) {
      throw error;
    }
    const expected = "version 4.12 or later, below 5: npm install @azure/identity";
    throw new IdentityGuardError(
      "ERR_GUARD_CONFIGURATION",
      `This environment needs the package ${PACKAGE}, which is not installed; give ${expected}`,
      { problems: [{ name: PACKAGE, value: "not installed", expected }] },
      { cause: error },
    );
  }
}

/**
 * The application's own copy, the peer dependency, comes twice: as ES modules and as CommonJS. An application that
 * imports this library must get the errors of the classes that it imports, and not load the SDK a second time. Absent
 * in CommonJS, and where Node.js cannot require an ES module (22.0 to 22.11, and by a flag).
 */
function moduleOf(require: (path: string) => AzureIdentity): AzureIdentity | undefined {
  // The build for CommonJS puts `undefined` in its place.
  if (typeof import.meta.resolve !== "function") return undefined;
  const path = fileURLToPath(import.meta.resolve(PACKAGE));
  try {
    return require(path);
  } catch (error) {
    if (hasCode(error, "ERR_REQUIRE_ESM")) return undefined;
    throw error;
  }
}

function hasCode(error: unknown, ...codes: readonly unknown[]): error is Error {
  return error instanceof Error && "code" in error && codes.includes(error.code);
}
