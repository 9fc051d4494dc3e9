import { logger } from "../logger.js";
import { decidePlane } from "./detect-gate.js";
import { GATE_KEY, type GateObservation, type KeyedGate } from "./gate.js";
import { createNmiCheck, type NmiCheckOptions, type NmiCheckPorts } from "./nmi-check.js";
import { createPacedRoute } from "./paced-route.js";
import { createProxyCheck } from "./proxy-check.js";
import type { RouteProbeResult } from "./route-probe.js";
import { withSignal } from "./time-limit.js";

export interface NmiOrProxyOptions extends NmiCheckOptions {
  /** The port that the migration proxy would listen on. */
  readonly proxyPort: number;
}

/**
 * The redirect to the proxy is set by an init container, before any container of the application starts
 * (azure-workload-identity init/init-iptables.sh): what has gone to IMDS for so long is not redirected.
 */
const NOT_PROXIED_AFTER_MS = 60_000;

const SAID: Readonly<Record<"nmi" | "proxy", string>> = {
  nmi: "NMI is waited for",
  proxy: "the Workload ID migration proxy answers token requests",
};

/**
 * The gate of a pod whose address of the node says only that NMI may be there. The first route probe that NMI or the
 * migration proxy answers decides which of the two it watches, for as long as the gate lives. Until then it says what
 * the NMI gate would say, and opens for NMI alone.
 */
export function createNmiOrProxyGate(
  options: NmiOrProxyOptions,
  ports: Omit<NmiCheckPorts, "warn">,
): KeyedGate {
  const { clock, probe } = ports;
  const { metadataUrl, proxyPort } = options;
  const route = createPacedRoute(metadataUrl, ports);
  const warn = (message: string): void => logger.warning(message);
  const checkNmi = createNmiCheck(options, { clock, probe, warn }, route);
  const checkProxy = createProxyCheck({ port: proxyPort, metadataUrl }, ports, route);
  let decided: "nmi" | "proxy" | undefined;
  let bypassedSince: number | undefined;

  function decide({ route: seen, detail }: RouteProbeResult): "nmi" | "proxy" | undefined {
    bypassedSince = seen === "imds" ? (bypassedSince ?? clock.elapsed()) : undefined;
    const late = bypassedSince !== undefined && clock.elapsed() - bypassedSince >= NOT_PROXIED_AFTER_MS;
    decided = decidePlane(seen) ?? (late ? "nmi" : undefined);
    if (decided !== undefined) logger.info(`nmi-or-proxy gate => ${decided}: ${SAID[decided]} (${detail})`);
    return decided;
  }

  async function check(signal: AbortSignal): Promise<GateObservation> {
    if (decided === "proxy") return await checkProxy(signal);
    if (decided === "nmi") return await checkNmi(signal);
    // Both at once: one after the other could take longer than a check may.
    const seeing = route(signal);
    const observing = checkNmi(signal, async () => {
      // What opens the gate of NMI is seen after its health, since NMI removes its rule and goes on to say Active.
      const { route: by, detail } = await seeing;
      return by === "imds" || by === "unreachable" ? { route: by, detail } : await route(signal);
    });
    observing.catch(() => undefined); // where the proxy is found, nobody waits for it
    const seen = await seeing;
    return decide(seen) === "proxy" ? await checkProxy(signal, seen) : await observing;
  }

  return {
    name: "nmi-or-proxy",
    [GATE_KEY]: `nmi-or-proxy ${new URL(options.url).href} ${proxyPort} ${new URL(metadataUrl).href}`,
    check: async ({ abortSignal } = {}) => await withSignal(abortSignal, check),
  };
}
