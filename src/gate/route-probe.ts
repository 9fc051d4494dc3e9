import type { Clock } from "../clock.js";
import { formatDuration } from "../config/duration.js";
import { provenanceOf } from "../endpoint/provenance.js";
import type { HttpProbe } from "./http-probe.js";
import { withTimeLimit } from "./time-limit.js";

export type { HttpProbe } from "./http-probe.js";

/** Who would answer a token request now. `detail` says what was seen, without anything from the body. */
export type RouteProbeResult =
  | { readonly route: "nmi" | "imds" | "proxy" | "unknown"; readonly detail: string }
  | { readonly route: "unreachable"; readonly detail: string };

/** Longest wait for the answer of a health request or a route probe, in milliseconds, where nothing else is asked for. */
export const PROBE_LIMIT_MS = 1000;

/** What a single request needs of the world. */
export interface ProbeContext {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Longest wait for the answer, in milliseconds. Default {@link PROBE_LIMIT_MS}. */
  readonly limitMs?: number | undefined;
}

const PROBE_PATH = "/metadata/identity/oauth2/token";

/**
 * Asks who would answer a token request, without asking for a token: neither the `Metadata` header nor a query is
 * sent, and whoever answers refuses with 400 before looking for an identity (aad-pod-identity
 * pkg/nmi/server/server.go). One request. Rejects with `signal.reason` only.
 */
export async function probeRoute(
  probe: HttpProbe,
  metadataUrl: string,
  context: ProbeContext,
): Promise<RouteProbeResult> {
  const { limitMs = PROBE_LIMIT_MS } = context;
  const url = metadataUrl.replace(/\/+$/u, "") + PROBE_PATH;
  try {
    const answer = await withTimeLimit(limitMs, async (signal) => await probe(url, { signal }), context);
    if (answer.timedOut) {
      return {
        route: "unreachable",
        detail: `no answer on the token path within ${formatDuration(limitMs)}`,
      };
    }
    return routeOf(answer.value);
  } catch (error) {
    context.signal.throwIfAborted();
    const code = errorCode(error);
    const detail = isNoHttp(code)
      ? "the token path answered with something that is no HTTP"
      : `no connection to the token path: ${code}`;
    return { route: "unreachable", detail };
  }
}

/** Node's code of a failed connection, for example `ECONNREFUSED`; `unknown error` where there is none. */
export function errorCode(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && /^[A-Z][A-Z0-9_]{1,63}$/u.test(code) ? code : "unknown error";
}

/** Whether a code says that an answer came which is no HTTP: llhttp's begin with HPE_. */
export function isNoHttp(code: string): boolean {
  return code.startsWith("HPE_");
}

/**
 * In the path is who refuses such a request with 400 and no `Server`, as NMI does. Another answer that
 * bears nobody's name (404, 200, 503) shows neither NMI nor IMDS, and leaves NMI's health to decide. It does not close
 * the gate: IMDS names itself in every answer, whatever the status, so that a bypass shows; a mesh that drops the name
 * would pass its 400 on, which looks like NMI's, so that to insist on 400 closes no gap; and where something on a healthy
 * node rewrites what NMI says, a closed gate would never open again. The answer to the token request itself is looked at
 * in its turn, and so are the claims of what it brings.
 */
function routeOf(answer: { readonly status: number; readonly server: string | undefined }): RouteProbeResult {
  const { status, server } = answer;
  const provenance = provenanceOf(answer);
  const route = provenance === "nmi" && status !== 400 ? "unknown" : provenance;
  const named = server === undefined ? "without a Server header" : "with a Server header";
  return { route, detail: `the token path answered ${status} ${named}` };
}
