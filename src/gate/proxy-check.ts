import type { Clock } from "../clock.js";
import type { GateObservation, GateReason } from "./gate.js";
import type { HttpProbe } from "./http-probe.js";
import { Looks, View } from "./looks.js";
import { createPacedRoute } from "./paced-route.js";
import { checkProxyReadiness, type ProxyReadiness } from "./proxy-readiness.js";
import { proxyRemedy } from "./proxy-texts.js";
import type { RouteProbeResult } from "./route-probe.js";

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

/**
 * The check of the proxy gate: `/readyz`, which says only that the proxy is up, and then who answers on the token path,
 * which shows whether this pod's requests are redirected to it. Each at most 1 s. Uses built-ins only.
 */
export function createProxyCheck(
  { port, metadataUrl }: ProxyCheckOptions,
  ports: ProxyCheckPorts,
): (signal: AbortSignal, view?: View) => Promise<GateObservation> {
  const { clock, probe } = ports;
  const looks = new Looks();
  const url = `http://127.0.0.1:${port}/readyz`;
  const route = createPacedRoute(metadataUrl, ports);
  const closed = (reason: GateReason, detail: string): GateObservation => ({
    state: "closed",
    reason,
    permanent: false,
    detail,
    remedy: proxyRemedy(reason),
    observedAt: clock.now(),
  });
  const readiness = async (signal: AbortSignal): Promise<ProxyReadiness> =>
    await checkProxyReadiness(probe, url, { clock, signal });
  return async (signal, view = new View(looks, clock, { fresh: true })) => {
    const seen = await view.look("readiness", url, readiness, signal);
    if (!seen.ready) return closed(seen.reason, seen.detail);
    const result = await route(signal, view);
    return result.route === "proxy"
      ? { state: "open", reason: "proxy-active", observedAt: clock.now() }
      : closed(BY_ROUTE[result.route], result.detail);
  };
}
