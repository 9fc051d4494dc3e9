import { ProbeEndpoint, type ProbeResponse } from "./probe-endpoint.js";
import { NOT_FOUND } from "./probe-handler.js";
import type { ProbeOptions } from "./probe-options.js";
import type { ProbeTarget } from "./target.js";

/**
 * The probes for servers that speak the web's `Request` and `Response`: Hono, Next, Bun, Deno. Paths that are not probes get
 * 404. Otherwise as {@link createProbeHandler}.
 *
 * @public
 */
export function createFetchHandler(
  target?: ProbeTarget | readonly ProbeTarget[],
  options?: ProbeOptions,
): (request: Request) => Promise<Response> {
  const handle = fetchHandler(new ProbeEndpoint(target, options));
  return async (request) => (await handle(request)) ?? toResponse(NOT_FOUND, request);
}

/** What probes read of a `Request`. */
type ProbedRequest = Pick<Request, "method" | "url" | "headers">;

/** The handler over an endpoint; `undefined` for paths that are not probes. */
export function fetchHandler(
  endpoint: ProbeEndpoint,
): (request: ProbedRequest) => Promise<Response | undefined> {
  return async (request) => {
    const { pathname, search } = new URL(request.url);
    const answer = await endpoint.respond({
      method: request.method,
      url: pathname + search,
      accept: request.headers.get("accept") ?? undefined,
    });
    return answer === undefined ? undefined : toResponse(answer, request);
  };
}

function toResponse({ status, headers, body }: ProbeResponse, { method }: ProbedRequest): Response {
  return new Response(method === "HEAD" ? null : body, { status, headers });
}
