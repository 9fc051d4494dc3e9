import { createRequire } from "node:module";
import { argv } from "node:process";
import { isMainThread, parentPort } from "node:worker_threads";
import { systemClock } from "../clock.js";
import { readEnvironment } from "../config/environment.js";
import { keepHealthFile } from "../guard/process-health.js";
import { processRegistry } from "../guard/registry.js";
import { logger, warnOnce } from "../logger.js";
import { warnOfBundle } from "./bundle.js";
import { hookCommonJs } from "./commonjs-hook.js";
import type * as GuardedCopy from "./guarded-copy.js";
import { isLauncher } from "./launcher.js";
import { hookModules } from "./module-hook.js";
import { registration } from "./registration.js";
import { serveProbes } from "./serve-probes.js";
import { wantedBy } from "./wanted.js";

/** Loads what is needed later, or not at all; paths are those of dist/register, whose files these become. */
const load: (path: string) => unknown = createRequire(import.meta.url);

/**
 * Does in this thread what the environment asks for; once, also where both `--import` and `--require` name it, or two copies
 * of the package. Throws where that cannot be done.
 */
export function install(): void {
  const registered = registration();
  const script = argv[1];
  // Up to Node.js 22.14 the thread for hooks loads what `--require` names, too; it has nobody to talk to.
  const inHooksThread = !isMainThread && parentPort === null;
  if (registered.installed || inHooksThread || (isMainThread && isLauncher(script))) return;
  registered.installed = true;
  const { guard, why, probes, healthFile, awaitsCredential, warnings } = wantedBy(readEnvironment());
  // Other threads have credentials of their own, and no port and no file of their own.
  const registry = processRegistry();
  if (isMainThread && awaitsCredential) registry.awaited = true;
  if (isMainThread) keepHealthFile(healthFile, registry, { clock: systemClock });
  if (isMainThread && probes) serveProbes(registered);
  if (!guard) {
    warnings.forEach(warnOnce);
    return;
  }
  logger.info(`register => guards the credentials of @azure/identity, since ${why}`);
  hookModules(new URL("../", import.meta.url).href);
  hookCommonJs((identity, main) => {
    const { guardCopy } = load("./guarded-copy.cjs") as typeof GuardedCopy;
    return guardCopy(identity, main);
  });
  if (isMainThread) warnOfBundle(script);
}
