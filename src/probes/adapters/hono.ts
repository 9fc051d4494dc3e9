import { fetchHandler } from "../fetch-handler.js";
import { ProbeEndpoint } from "../probe-endpoint.js";
import type { ProbeOptions } from "../probe-options.js";
import type { ProbeTarget } from "../target.js";

/**
 * What is used of the `Context` of Hono 4.
 *
 * @public
 */
export interface HonoProbesContext {
  readonly req: {
    readonly raw: Request;
    /** The path that the middleware was registered for, base paths included. */
    readonly routePath?: string | undefined;
  };
}

/**
 * Middleware of Hono 4. Paths that are not probes go on to `next`.
 *
 * @public
 */
export type HonoProbesMiddleware = (
  context: HonoProbesContext,
  next: () => Promise<void>,
) => Promise<Response | undefined>;

/**
 * The probes as middleware of Hono 4: `app.use(honoProbes())`. Paths count from where it is mounted, by `use()`,
 * `route()` or `basePath()`; a `prefix` may name the whole path just as well. Otherwise as {@link createProbeHandler}.
 *
 * Throws `ERR_GUARD_CONFIGURATION` for a target or options that cannot be used.
 *
 * @public
 */
export function honoProbes(
  target?: ProbeTarget | readonly ProbeTarget[],
  options?: ProbeOptions,
): HonoProbesMiddleware {
  const handle = fetchHandler(new ProbeEndpoint(target, options));
  return async ({ req: { raw, routePath = "" } }, next) => {
    const mounted = routePath.replace(/\/?\*$/u, "");
    const answer = (await handle(raw)) ?? (mounted === "" ? undefined : await handle(below(mounted, raw)));
    if (answer === undefined) await next();
    return answer;
  };
}

/** The request without the segments that the mount has taken. They may be parameters: their number alone counts. */
function below(
  mounted: string,
  { method, url, headers }: Request,
): Pick<Request, "method" | "url" | "headers"> {
  const taken = mounted.split("/").length;
  const whole = new URL(url);
  whole.pathname = `/${whole.pathname.split("/").slice(taken).join("/")}`;
  return { method, url: whole.href, headers };
}
