import type { IncomingMessage, ServerResponse } from "node:http";
import { answer, ProbeEndpoint, PROBE_PATHS, type ProbeResponse } from "./probe-endpoint.js";
import type { ProbeOptions } from "./probe-options.js";
import type { ProbeTarget } from "./target.js";

/**
 * Handles a request of `node:http`, Connect, Express or Fastify. Paths that are not probes go on to `next`, or get 404.
 *
 * @public
 */
export type ProbeHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
) => void;

/**
 * Serves `/startupz`, `/readyz`, `/livez`, `/healthz` (the same as `/readyz`) and `/metrics`: 200 or 503, in the text of
 * Kubernetes' own endpoints (`?verbose`, `?exclude=name`) or, by `Accept`, as `application/health+json`. GET and HEAD.
 * Without a target it answers for every guarded credential of the process. A probe asks nobody: it tells what is known.
 *
 * Throws `ERR_GUARD_CONFIGURATION` for a target or options that cannot be used.
 *
 * @public
 */
export function createProbeHandler(
  target?: ProbeTarget | readonly ProbeTarget[],
  options?: ProbeOptions,
): ProbeHandler {
  return nodeHandler(new ProbeEndpoint(target, options));
}

/** The handler over an endpoint. */
export function nodeHandler(endpoint: ProbeEndpoint): ProbeHandler {
  return (request, response, next) => {
    const { method = "GET", url = "/", headers } = request;
    const head = method === "HEAD";
    let answer: ProbeResponse | Promise<ProbeResponse> | undefined;
    try {
      answer = endpoint.respond({ method, url, accept: headers.accept });
    } catch (error) {
      fail(error, response, next);
      return;
    }
    if (answer === undefined) {
      if (next === undefined) send(response, NOT_FOUND, head);
      else next();
    } else if (answer instanceof Promise) {
      answer.then(
        (late) => send(response, late, head),
        (error: unknown) => fail(error, response, next),
      );
    } else send(response, answer, head);
  };
}

export const NOT_FOUND: ProbeResponse = Object.freeze(
  answer(404, "text/plain; charset=utf-8", `not found; here are ${PROBE_PATHS.join(", ")}\n`),
);

export function send(
  response: ServerResponse,
  { status, headers, body }: ProbeResponse,
  head: boolean,
): void {
  // Where somebody else has answered already, there is nothing left to say.
  if (response.headersSent) return;
  const whole =
    "content-length" in headers ? headers : { ...headers, "content-length": Buffer.byteLength(body) };
  response.writeHead(status, whole);
  response.end(head ? undefined : body);
}

/** Nothing known throws here; what does must not leave a probe without an answer. */
function fail(error: unknown, response: ServerResponse, next: ((error?: unknown) => void) | undefined): void {
  if (next !== undefined) next(error);
  else send(response, answer(500, "text/plain; charset=utf-8", "the probe failed\n"), false);
}
