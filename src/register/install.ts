import { createRequire } from "node:module";
import { argv } from "node:process";
import { isMainThread, parentPort } from "node:worker_threads";
import { readEnvironment } from "../config/environment.js";
import { logger, warnOnce } from "../logger.js";
import type * as Probes from "../probes/index.js";
import { hookCommonJs } from "./commonjs-hook.js";
import type * as GuardedCopy from "./guarded-copy.js";
import { bundlesIdentity, isLauncher } from "./main-script.js";
import { hookModules } from "./module-hook.js";
import { wantedBy } from "./wanted.js";

/** Loads what is needed later, or not at all; paths are those of dist/register, whose files these become. */
const load: (path: string) => unknown = createRequire(import.meta.url);

const INSTALLED: unique symbol = Symbol.for("azure-identity-guard.register");

interface SharedGlobal {
  [INSTALLED]?: true;
}

/**
 * Does in this thread what the environment asks for; once, also where both `--import` and `--require` name it, or two copies
 * of the package. Throws where that cannot be done.
 */
export function install(): void {
  // The symbol is our own: nobody else declares what is found there.
  const shared = globalThis as SharedGlobal;
  const script = argv[1];
  // Up to Node.js 22.14 the thread for hooks loads what `--require` names, too; it has nobody to talk to.
  const inHooksThread = !isMainThread && parentPort === null;
  if (shared[INSTALLED] === true || inHooksThread || (isMainThread && isLauncher(script))) return;
  shared[INSTALLED] = true;
  const { guard, probes, warnings } = wantedBy(readEnvironment());
  if (guard) {
    hookModules(new URL("../", import.meta.url).href);
    hookCommonJs((identity, main) => {
      const { guardCopy } = load("./guarded-copy.cjs") as typeof GuardedCopy;
      return guardCopy(identity, main);
    });
    if (isMainThread && bundlesIdentity(script)) warnOnce(bundleWarning(script));
  } else {
    warnings.forEach(warnOnce);
  }
  // Other threads have credentials of their own, and no port of their own.
  if (probes && isMainThread) void serveProbes();
}

async function serveProbes(): Promise<void> {
  const { startProbeServer } = load("../probes.cjs") as typeof Probes;
  try {
    const { url } = await startProbeServer();
    logger.info(`register => serves probes at ${url}`);
  } catch (error) {
    // A child process has the variables of its parent, which has the port.
    const { message } = error instanceof Error ? error : new Error(String(error));
    warnOnce(
      `The probe server of AZURE_IDENTITY_GUARD_HEALTH_PORT is not started in this process: ${message}`,
    );
  }
}

function bundleWarning(script = ""): string {
  return (
    `${script} seems to have @azure/identity inside, where azure-identity-guard/register cannot reach it: its credentials ` +
    "are not guarded. Leave @azure/identity out of the bundle, as an external, or import the classes of azure-identity-guard"
  );
}
