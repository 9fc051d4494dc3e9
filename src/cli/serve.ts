import { once } from "node:events";
import { untilAborted } from "../abort.js";
import { isGuardError } from "../errors.js";
import { startProbeServer } from "../probes/probe-server.js";
import { readSetting } from "../config/read-setting.js";
import { EXIT, type RunCommand } from "./command.js";
import { SERVE_PORT } from "./serve-port.js";
import { usageError } from "./usage.js";
import { pinsIdentity } from "./token-credential.js";
import { withCredential } from "./wait-token.js";

const NOTHING_TO_WATCH =
  "there is no gate, and no token is asked for: give --warm-up-scopes, or the node's address in HOST_IP";

const NOTHING_ASKED =
  "no token is asked for, so that nobody compares one with the identity that is expected; give --warm-up-scopes";

/** `serve`: probe endpoints, metrics and status page for the plane of the pod, as a sidecar. Runs until it is told to end. */
export const serve: RunCommand = async (values, io) => {
  return await withCredential(
    values,
    io,
    "serve",
    async (credential) => {
      const scopes = readSetting(io.environment, "AZURE_IDENTITY_GUARD_WARM_UP_SCOPES", "scopes") ?? [];
      if (scopes.length === 0 && credential.health.snapshot().gateName === undefined)
        return usageError(io, "serve", [NOTHING_TO_WATCH]);
      if (scopes.length === 0 && pinsIdentity(io.environment)) io.err(`serve: ${NOTHING_ASKED}`);
      try {
        const port = readSetting(io.environment, "AZURE_IDENTITY_GUARD_HEALTH_PORT", "port") ?? SERVE_PORT;
        const page = readSetting(io.environment, "AZURE_IDENTITY_GUARD_HEALTH_PAGE", "flag") ?? true;
        const starting = startProbeServer({ port, page, keepAlive: true });
        const server = await untilAborted(starting, io.signal);
        const { url } = server;
        const line = `serving probes, metrics${page ? " and a status page" : ""} at ${url}`;
        io.out(values.has("--json") ? JSON.stringify({ type: "serving", url }) : line);
        if (!io.signal.aborted) await once(io.signal, "abort");
        // Not by `await using`: what it compiles to would be a file more that `register` loads.
        await server.close();
        return EXIT.ok;
      } catch (error) {
        io.signal.throwIfAborted();
        if (isGuardError(error, "ERR_GUARD_CONFIGURATION")) return usageError(io, "serve", [error.message]);
        if (!(error instanceof Error) || !("code" in error)) throw error;
        io.err(`serve: ${error.message}`);
        return EXIT.failed;
      }
    },
    { inPlaceOfApplication: true },
  );
};
