import { createServer, type Server } from "node:http";
import { systemClock, type Clock } from "../clock.js";
import { processEvents, type ProcessEvents } from "../process-events.js";
import { ProbeEndpoint } from "./probe-endpoint.js";
import { nodeHandler } from "./probe-handler.js";
import { resolveServerOptions, type ProbeServerOptions } from "./probe-server-options.js";
import { drainOnSignals } from "./shutdown-signals.js";
import { StatusPage } from "./status-page/status-page.js";

/**
 * A probe server that runs.
 *
 * @public
 */
export interface ProbeServer extends AsyncDisposable {
  readonly port: number;
  /** Where it can be reached on this machine, such as `http://127.0.0.1:8086`. */
  readonly url: string;
  /** Makes readiness fail while liveness passes. */
  drain(): void;
  /** Stops listening and ends what is open. May be called twice. */
  close(): Promise<void>;
}

/**
 * Starts a server of its own for probes, metrics and, with `page`, a status page: for applications without an HTTP server, or
 * with one that must not be seen by the kubelet. It does not keep the process alive unless told to.
 *
 * Rejects with `ERR_GUARD_CONFIGURATION` for options that cannot be used, and with the system's error where the address
 * cannot be listened on.
 *
 * @public
 */
export async function startProbeServer(options: ProbeServerOptions = {}): Promise<ProbeServer> {
  return await startServer(options, { clock: systemClock, events: processEvents });
}

/** {@link startProbeServer} with ports of the caller's choice. */
export async function startServer(
  options: ProbeServerOptions,
  ports: { readonly clock: Clock; readonly events: ProcessEvents },
): Promise<ProbeServer> {
  const { port, host, page, keepAlive, drainOn } = resolveServerOptions(options);
  const endpoint = new ProbeEndpoint(options.target, options, ports.clock);
  const { subject, log } = endpoint;
  const probes = nodeHandler(endpoint);
  const status = page ? new StatusPage({ subject, log, clock: ports.clock }) : undefined;
  const server = createServer((request, response) => {
    probes(request, response, (error) => {
      // What is neither a probe nor a page gets the handler's own 404.
      if (error !== undefined || status?.handle(request, response) !== true) probes(request, response);
    });
  });
  await listen(server, port, host);
  if (!keepAlive) {
    server.unref();
    server.on("connection", (socket) => socket.unref());
  }
  const undo = drainOn === undefined ? undefined : drainOnSignals(drainOn, () => subject.drain(), ports);
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address : { port, address: "", family: "" };
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    undo?.();
    status?.close();
    closing ??= new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
    await closing;
  };
  return {
    port: bound.port,
    url: `http://${reachable(bound)}:${bound.port}`,
    drain: () => subject.drain(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function listen(server: Server, port: number, host: string | undefined): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** All interfaces are reached by the loopback one. */
function reachable({ address, family }: { readonly address: string; readonly family: string }): string {
  if (address === "" || address === "::" || address === "0.0.0.0") return "127.0.0.1";
  return family === "IPv6" ? `[${address}]` : address;
}
