import { logger } from "../logger.js";
import { decidePlane } from "./detect-gate.js";
import { GATE_KEY, type GateObservation } from "./gate.js";
import { Looks, View, type LookingGate } from "./looks.js";
import { createNmiCheck, type NmiCheckOptions, type NmiCheckPorts } from "./nmi-check.js";
import { createPacedRoute } from "./paced-route.js";
import { createProxyCheck } from "./proxy-check.js";
import { OR_PROXY } from "./proxy-texts.js";
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
): LookingGate {
  const { clock, probe } = ports;
  const { metadataUrl, proxyPort } = options;
  const looks = new Looks();
  const route = createPacedRoute(metadataUrl, ports);
  const warn = (message: string): void => logger.warning(message);
  const checkNmi = createNmiCheck(options, { clock, probe, warn });
  const checkProxy = createProxyCheck({ port: proxyPort, metadataUrl }, ports);
  let decided: "nmi" | "proxy" | undefined;
  let bypassedSince: number | undefined;

  function decide({ route: seen, detail }: RouteProbeResult): "nmi" | "proxy" | undefined {
    bypassedSince = seen === "imds" ? (bypassedSince ?? clock.elapsed()) : undefined;
    const late = bypassedSince !== undefined && clock.elapsed() - bypassedSince >= NOT_PROXIED_AFTER_MS;
    decided = decidePlane(seen) ?? (late ? "nmi" : undefined);
    if (decided !== undefined) logger.info(`nmi-or-proxy gate => ${decided}: ${SAID[decided]} (${detail})`);
    return decided;
  }

  /** One view for all that a check looks at: the route that decides is the one that opens. */
  async function check(
    signal: AbortSignal,
    view = new View(looks, clock, { fresh: true }),
  ): Promise<GateObservation> {
    if (decided === "proxy") return await checkProxy(signal, view);
    if (decided === "nmi") return await checkNmi(signal, view);
    // Both at once: one after the other could take longer than a check may.
    const seeing = route(signal, view);
    const observing = checkNmi(signal, view);
    observing.catch(() => undefined); // where the proxy is found, nobody waits for it
    const plane = decide(await seeing);
    if (plane === "proxy") return await checkProxy(signal, view);
    const observation = await observing;
    if (plane === "nmi" || observation.state === "open") return observation;
    return { ...observation, remedy: `${observation.remedy ?? ""} ${OR_PROXY}`.trim() };
  }

  return {
    name: "nmi-or-proxy",
    [GATE_KEY]: `nmi-or-proxy ${new URL(options.url).href} ${proxyPort} ${new URL(metadataUrl).href}`,
    check: async ({ abortSignal, view } = {}) =>
      await withSignal(abortSignal, async (signal) => await check(signal, view)),
  };
}
