import { readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { warnOnce } from "../logger.js";

/**
 * A name that `@azure/identity` reads from the environment, of all its versions with managed identities (4.13.1:
 * credentials/managedIdentityCredential/imdsMsi.js). It survives a minifier, and is in hardly any application's own text.
 */
const INSIDE = "AZURE_POD_IDENTITY_AUTHORITY_HOST";

/** MSAL alone, which would be in it as well, is larger when minified: other files need not be read. */
const LEAST_BYTES = 100_000;

const seen = new Set<string>();

/** Says so where a file of the application's own seems to be a bundle with `@azure/identity` in it, which no hook reaches. */
export function warnOfBundle(path: string | undefined): void {
  if (path === undefined || seen.has(path) || /[\\/]node_modules[\\/]/u.test(path)) return;
  seen.add(path);
  if (bundlesIdentity(path)) warnOnce(warning(path));
}

/** The same for the URL of a module. */
export function warnOfBundledModule(url: string): void {
  if (url.startsWith("file:")) warnOfBundle(fileURLToPath(url));
}

export function bundlesIdentity(path: string): boolean {
  try {
    return statSync(path).size >= LEAST_BYTES && readFileSync(path, "utf8").includes(INSIDE);
  } catch {
    return false; // a folder, or a name without its extension: Node.js finds out
  }
}

function warning(path: string): string {
  return (
    `${path} seems to have @azure/identity inside, where azure-identity-guard/register cannot reach it: its credentials ` +
    "are not guarded. Leave @azure/identity out of the bundle, as an external, or import the classes of azure-identity-guard"
  );
}
