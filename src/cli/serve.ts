import { once } from "node:events";
import { isGuardError } from "../errors.js";
import { startProbeServer } from "../probes/probe-server.js";
import { readSetting } from "../config/read-setting.js";
import { EXIT, type RunCommand } from "./command.js";
import { SERVE_PORT } from "./serve-port.js";
import { usageError } from "./usage.js";
import { withCredential } from "./wait-token.js";

/** `serve`: probe endpoints, metrics and status page for the plane of the pod, as a sidecar. Runs until it is told to end. */
export const serve: RunCommand = async (values, io) => {
  return await withCredential(
    values,
    io,
    "serve",
    async () => {
      try {
        const port = readSetting(io.environment, "AZURE_IDENTITY_GUARD_HEALTH_PORT", "port") ?? SERVE_PORT;
        const page = readSetting(io.environment, "AZURE_IDENTITY_GUARD_HEALTH_PAGE", "flag") ?? true;
        const server = await startProbeServer({ port, page, keepAlive: true });
        const { url } = server;
        const line = `serving probes, metrics${page ? " and a status page" : ""} at ${url}`;
        io.out(values.has("--json") ? JSON.stringify({ type: "serving", url }) : line);
        if (!io.signal.aborted) await once(io.signal, "abort");
        // Not by `await using`: what it compiles to would be a file more that `register` loads.
        await server.close();
        return EXIT.ok;
      } catch (error) {
        if (isGuardError(error, "ERR_GUARD_CONFIGURATION")) return usageError(io, "serve", [error.message]);
        if (!(error instanceof Error) || !("code" in error)) throw error;
        io.err(`serve: ${error.message}`);
        return EXIT.failed;
      }
    },
    { inPlaceOfApplication: true },
  );
};
