import { ProbeEndpoint, PROBE_PATHS } from "../probe-endpoint.js";
import { NOT_FOUND } from "../probe-handler.js";
import type { ProbeOptions } from "../probe-options.js";
import type { ProbeTarget } from "../target.js";

/**
 * Options of {@link fastifyProbes}. `prefix` and `logSerializers` are options of Fastify's own `register()`.
 *
 * @public
 */
export interface FastifyProbesOptions extends Omit<ProbeOptions, "prefix"> {
  /** What the probes ask. Default: every guarded credential of the process. */
  readonly target?: ProbeTarget | readonly ProbeTarget[] | undefined;
  /** From which level on requests of probes are logged. Default `warn`: Fastify logs each request twice, as `info`. */
  readonly logLevel?: FastifyProbesLogLevel | undefined;
}

/**
 * Levels of Fastify's logger.
 *
 * @public
 */
export type FastifyProbesLogLevel = "fatal" | "error" | "warn" | "info" | "debug" | "trace" | "silent";

/**
 * What is used of a `FastifyInstance` of Fastify 5, whatever its server, logger and type provider.
 *
 * @public
 */
export interface FastifyProbesInstance {
  route(options: FastifyProbesRoute): unknown;
}

/**
 * One route, as Fastify is told of it.
 *
 * @public
 */
export interface FastifyProbesRoute {
  readonly method: ("GET" | "HEAD")[];
  readonly url: string;
  readonly logLevel: FastifyProbesLogLevel;
  handler(
    request: {
      readonly method: string;
      readonly url: string;
      readonly headers: { readonly accept?: string | undefined };
    },
    reply: FastifyProbesReply,
  ): Promise<unknown>;
}

/**
 * What is used of a `FastifyReply`.
 *
 * @public
 */
export interface FastifyProbesReply {
  code(status: number): unknown;
  headers(values: Record<string, string>): unknown;
  send(body: string): unknown;
}

/**
 * The probes as a plugin of Fastify 5: `await app.register(fastifyProbes, { prefix: "/internal", checks })`. Every
 * path is a route of its own, for GET and HEAD, in a context of its own; hooks of the surrounding context run as for
 * any route. An application with a `/metrics` of its own needs a prefix here, since Fastify refuses to have a route
 * twice. Otherwise as {@link createProbeHandler}.
 *
 * Registering rejects with `ERR_GUARD_CONFIGURATION` for options that cannot be used.
 *
 * @public
 */
export function fastifyProbes(instance: FastifyProbesInstance, options: FastifyProbesOptions): Promise<void> {
  // What is thrown becomes a rejection here; thrown at Fastify it would end the process.
  return new Promise((resolve) => {
    addRoutes(instance, options);
    resolve();
  });
}

function addRoutes(
  instance: FastifyProbesInstance,
  { target, logLevel = "warn", checks, details }: FastifyProbesOptions,
): void {
  const endpoint = new ProbeEndpoint(target, { checks, details });
  for (const path of PROBE_PATHS) {
    instance.route({
      // HEAD by name: the application may have turned `exposeHeadRoutes` off.
      method: ["GET", "HEAD"],
      url: path,
      logLevel,
      async handler({ method, url, headers: { accept } }, reply) {
        // Fastify has found the path, under its prefix and by its rules of case and slashes; the query is left.
        const mark = url.indexOf("?");
        const asked = mark === -1 ? path : path + url.slice(mark);
        const { status, headers, body } =
          (await endpoint.respond({ method, url: asked, accept })) ?? NOT_FOUND;
        reply.code(status);
        reply.headers({ ...headers });
        return reply.send(body);
      },
    });
  }
}
