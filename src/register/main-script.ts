import { readFileSync } from "node:fs";
import { basename } from "node:path";

/**
 * Programs that start the application in a process of its own, and this library's own: they get the application's
 * environment, and are not the application. A probe server in `npm start` would have the port that the application's needs.
 */
const LAUNCHERS =
  /^(?:npm|npx|pnpm|pnpx|yarn|yarnpkg|corepack|azure-identity-guard)(?:-cli)?(?:\.[cm]?js)?$/u;

export function isLauncher(script: string | undefined): boolean {
  return script !== undefined && LAUNCHERS.test(basename(script));
}

/**
 * A name that `@azure/identity` reads from the environment, of all its versions with managed identities (4.13.1:
 * credentials/managedIdentityCredential/imdsMsi.js). It survives a minifier, and is in hardly any application's own text.
 */
const INSIDE = "AZURE_POD_IDENTITY_AUTHORITY_HOST";

/** Whether the script seems to be a bundle with `@azure/identity` in it, which no hook reaches. */
export function bundlesIdentity(script: string | undefined): boolean {
  if (script === undefined) return false;
  try {
    return readFileSync(script, "utf8").includes(INSIDE);
  } catch {
    return false; // a folder, or a name without its extension: Node.js finds out
  }
}
