import type { Clock } from "../clock.js";
import type { GateObservation, GateReason } from "./gate.js";
import type { HttpProbe } from "./http-probe.js";
import { Looks, View } from "./looks.js";
import { checkNmiHealth, type NmiHealth } from "./nmi-health.js";
import { HOST_NETWORK, NEVER_ANSWERED, nmiRemedy, ROUTE_UNKNOWN } from "./nmi-texts.js";
import { createPacedRoute } from "./paced-route.js";
import type { RouteProbeResult } from "./route-probe.js";

export interface NmiCheckOptions {
  /** Whole health URL. */
  readonly url: string;
  /** Where the token path is, without a path of its own. */
  readonly metadataUrl: string;
  /** Set where nobody asked for the gate but the variable was there. */
  readonly chosenBy?: "HOST_IP";
  /** The addresses of this machine or pod, to recognise one on the host network; asked for once IMDS has answered. */
  readonly ownAddresses?: () => readonly string[];
}

export interface NmiCheckPorts {
  readonly clock: Clock;
  readonly probe: HttpProbe;
  /** For what is worth saying once. */
  readonly warn: (message: string) => void;
  /** Longest wait for each of the two answers, in milliseconds. Default 1 s. */
  readonly limitMs?: number;
}

/** How long a health port may only ever refuse before `HOST_IP` is named as what chose the gate. */
const NEVER_ANSWERED_AFTER_MS = 60_000;

const BY_ROUTE: Readonly<Record<Exclude<RouteProbeResult["route"], "nmi" | "unknown">, GateReason>> = {
  imds: "route-bypassed",
  proxy: "route-proxied",
  unreachable: "route-unreachable",
};

/**
 * The check of the NMI gate: health, and once that is `Active`, who answers on the token path. Uses built-ins only.
 * Without a view each check looks anew.
 */
export function createNmiCheck(
  options: NmiCheckOptions,
  ports: NmiCheckPorts,
): (signal: AbortSignal, view?: View) => Promise<GateObservation> {
  const { clock, probe, limitMs } = ports;
  const looks = new Looks();
  const url = new URL(options.url).href;
  const route = createPacedRoute(options.metadataUrl, ports);
  const said = new Set<string>();
  // Whether the health port has ever done anything but refuse.
  let everElse = false;
  let refusedSince: number | undefined;

  function warnOnce(hint: string, detail: string): void {
    if (said.has(hint)) return;
    said.add(hint);
    ports.warn(`NMI gate: ${detail}. ${hint}`);
  }

  function closed(reason: GateReason, detail: string, hint?: string): GateObservation {
    const remedy = hint ?? nmiRemedy(reason);
    return { state: "closed", reason, permanent: false, detail, remedy, observedAt: clock.now() };
  }

  function unhealthy(reason: GateReason, detail: string): GateObservation {
    everElse ||= reason !== "health-refused";
    const now = clock.elapsed();
    refusedSince ??= now;
    if (everElse || options.chosenBy === undefined || now - refusedSince < NEVER_ANSWERED_AFTER_MS) {
      return closed(reason, detail);
    }
    warnOnce(NEVER_ANSWERED, detail);
    return closed(reason, `${detail}. ${NEVER_ANSWERED}`, NEVER_ANSWERED);
  }

  function byRoute({ route, detail }: RouteProbeResult): GateObservation {
    if (route === "nmi") return { state: "open", reason: "active", observedAt: clock.now() };
    if (route === "unknown") {
      warnOnce(ROUTE_UNKNOWN, detail);
      const whole = `${detail}. ${ROUTE_UNKNOWN}`;
      return { state: "open", reason: "active-route-unknown", detail: whole, observedAt: clock.now() };
    }
    return closed(
      BY_ROUTE[route],
      detail,
      route === "imds" && isOwnAddress(options) ? HOST_NETWORK : undefined,
    );
  }

  const lookAtHealth = async (signal: AbortSignal): Promise<NmiHealth> =>
    await checkNmiHealth(probe, options.url, { clock, signal, limitMs });

  return async (signal, view = new View(looks, clock, { fresh: true })) => {
    const health = await view.look("health", url, lookAtHealth, signal);
    if (!health.active) return unhealthy(health.reason, health.detail);
    everElse = true;
    return byRoute(await route(signal, view));
  };
}

function isOwnAddress({ url, ownAddresses }: NmiCheckOptions): boolean {
  return ownAddresses?.().includes(new URL(url).hostname) ?? false;
}
