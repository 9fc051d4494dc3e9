import { createRequire } from "node:module";
import type * as Cluster from "node:cluster";
import { logger, warnOnce } from "../logger.js";
import type * as Probes from "../probes/index.js";
import type { Registration } from "./registration.js";

/** Loads what is needed here alone; paths are those of dist/register. */
const load: (path: string) => unknown = createRequire(import.meta.url);

/**
 * Starts the probe server of `AZURE_IDENTITY_GUARD_HEALTH_PORT`. A port that cannot be had ends the process, but for one that
 * another process has: children have the variables of their parents. That is worth a warning where something is guarded.
 */
export function serveProbes(registered: Registration): void {
  const { startProbeServer } = load("../probes.cjs") as typeof Probes;
  const starting = startProbeServer().then(
    (server) => {
      logger.info(`register => serves probes at ${server.url}`);
      return server;
    },
    (error: unknown) => {
      if (!(error instanceof Error && "code" in error && error.code === "EADDRINUSE")) throw error;
      const taken =
        `The probe server of AZURE_IDENTITY_GUARD_HEALTH_PORT is not started in this process: ${error.message}. ` +
        "What that port says of readiness is about the process that has it, and not about the credentials here";
      logger.info(`register => ${taken}`);
      registered.onCopy = () => warnOnce(taken);
      if (registered.copies > 0) registered.onCopy();
      return undefined;
    },
  );
  // Not awaited: who cannot serve probes where they are asked for ends as an unhandled rejection.
  leaveToWorkers(async () => await (await starting)?.close());
}

/** In the primary process of a cluster the workers do the work: they share the port that this process gives up. */
function leaveToWorkers(giveUp: () => Promise<void>): void {
  const cluster = load("node:cluster") as typeof Cluster.default;
  if (cluster.isPrimary) cluster.once("setup", () => void giveUp());
}
