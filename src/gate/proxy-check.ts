import type { Clock } from "../clock.js";
import { redact } from "../identity/redact.js";
import type { GateObservation, GateReason } from "./gate.js";
import type { HttpProbe } from "./http-probe.js";
import { createPacedRoute, type PacedRoute } from "./paced-route.js";
import { proxyRemedy } from "./proxy-texts.js";
import { errorCode, PROBE_LIMIT_MS, type RouteProbeResult } from "./route-probe.js";
import { withTimeLimit } from "./time-limit.js";

export interface ProxyCheckOptions {
  /** The port that the proxy listens on, on localhost of the pod. */
  readonly port: number;
  /** Where the token path is, without a path of its own. */
  readonly metadataUrl: string;
}

export interface ProxyCheckPorts {
  readonly clock: Clock;
  readonly probe: HttpProbe;
}

const BY_ROUTE: Readonly<Record<Exclude<RouteProbeResult["route"], "proxy">, GateReason>> = {
  imds: "route-bypassed",
  nmi: "route-not-proxied",
  unknown: "route-not-proxied",
  unreachable: "route-unreachable",
};

type Ready = { readonly ready: true } | { readonly ready: false; reason: GateReason; detail: string };

/**
 * The check of the proxy gate: `/readyz`, which says only that the proxy is up, and then who answers on the token path,
 * which shows whether this pod's requests are redirected to it. Each at most 1 s. Uses built-ins only.
 */
export function createProxyCheck(
  { port, metadataUrl }: ProxyCheckOptions,
  ports: ProxyCheckPorts,
  route: PacedRoute = createPacedRoute(metadataUrl, ports),
): (signal: AbortSignal, seen?: RouteProbeResult) => Promise<GateObservation> {
  const { clock } = ports;
  const closed = (reason: GateReason, detail: string): GateObservation => ({
    state: "closed",
    reason,
    permanent: false,
    detail,
    remedy: proxyRemedy(reason),
    observedAt: clock.now(),
  });
  return async (signal, seen) => {
    const readiness = await checkReady(`http://127.0.0.1:${port}/readyz`, ports, signal);
    if (!readiness.ready) return closed(readiness.reason, readiness.detail);
    const result = seen ?? (await route(signal));
    return result.route === "proxy"
      ? { state: "open", reason: "proxy-active", observedAt: clock.now() }
      : closed(BY_ROUTE[result.route], result.detail);
  };
}

/** 200 and `ok` (azure-workload-identity pkg/proxy/proxy.go, readyzHandler). Rejects with `signal.reason` only. */
async function checkReady(
  url: string,
  { clock, probe }: ProxyCheckPorts,
  signal: AbortSignal,
): Promise<Ready> {
  const not = (reason: GateReason, detail: string): Ready => ({ ready: false, reason, detail });
  try {
    const answer = await withTimeLimit(PROBE_LIMIT_MS, async (own) => await probe(url, { signal: own }), {
      clock,
      signal,
    });
    if (answer.timedOut) return not("proxy-unreachable", `${url} did not answer within 1 s`);
    const { status, body } = answer.value;
    if (status === 200 && body.trim().toLowerCase() === "ok") return { ready: true };
    const text = redact(body, 100);
    return not(
      "proxy-unexpected",
      `${url} answered ${status} ${text === "" ? "without a body" : `"${text}"`}`,
    );
  } catch (error) {
    signal.throwIfAborted();
    const code = errorCode(error);
    // An answer that is no HTTP is an answer: llhttp's codes begin with HPE_.
    return code.startsWith("HPE_")
      ? not("proxy-unexpected", `${url} answered with something that is no HTTP`)
      : not("proxy-unreachable", `no connection to ${url}: ${code}`);
  }
}
