import { createRequire } from "node:module";
import { readEnvironment, VARIABLE_PREFIX } from "./config/environment.js";
import type * as Install from "./register/install.js";

/*
 * `node --import azure-identity-guard/register app.js`, also with `--require` and through `NODE_OPTIONS`: guards the classes
 * of `@azure/identity` in an application that knows nothing of it, and starts the probe server where
 * `AZURE_IDENTITY_GUARD_HEALTH_PORT` says so. Where the environment speaks of neither, this file is all that is loaded.
 *
 * What is configured and cannot be done stops the process here, with the reason: a pod that starts without the guard that
 * somebody configured is what the guard is there to prevent.
 */

/** Without a variable of this library, these two may choose a gate (gate/detect-gate.ts). */
const CHOOSE_A_GATE: readonly string[] = ["HOST_IP", "AZURE_FEDERATED_TOKEN_FILE"];

const names = Object.keys(readEnvironment());
if (names.some((name) => name.startsWith(VARIABLE_PREFIX) || CHOOSE_A_GATE.includes(name))) {
  // CommonJS, for both formats of this file: it must be done when the application's first module is loaded.
  const load: (path: string) => typeof Install = createRequire(import.meta.url);
  load("./register/install.cjs").install();
}
