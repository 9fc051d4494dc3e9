import type { Clock } from "../clock.js";
import type { HttpProbe } from "./http-probe.js";
import type { View } from "./looks.js";
import { probeRoute, type RouteProbeResult } from "./route-probe.js";

/** Who would answer a token request now, or did a moment ago. Rejects with `signal.reason` only. */
export type PacedRoute = (signal: AbortSignal, view: View) => Promise<RouteProbeResult>;

/** The wait after a route probe that IMDS answered: doubled each time, up to the largest. */
const FIRST_BYPASS_WAIT_MS = 1000;
const MAX_BYPASS_WAIT_MS = 10_000;

/**
 * Route probes at the pace that the node can bear: each one that IMDS answers counts against limits that all pods of
 * the node share (20 requests/s), so that the next ones wait 1, 2, 4 ... 10 s, and the last answer stands meanwhile.
 * Gates that share their looks share that wait.
 */
export function createPacedRoute(
  metadataUrl: string,
  { clock, probe, limitMs }: { readonly clock: Clock; readonly probe: HttpProbe; readonly limitMs?: number },
): PacedRoute {
  const url = new URL(metadataUrl).href;
  let bypass: { readonly at: number; readonly waitMs: number } | undefined;

  async function look(signal: AbortSignal): Promise<RouteProbeResult> {
    const askedAgo = bypass === undefined ? Infinity : clock.elapsed() - bypass.at;
    if (bypass !== undefined && askedAgo < bypass.waitMs) {
      const ago = Math.round(askedAgo / 1000);
      return { route: "imds", detail: `IMDS answered on the token path ${ago} s ago` };
    }
    const result = await probeRoute(probe, metadataUrl, { clock, signal, limitMs });
    bypass = result.route === "imds" ? { at: clock.elapsed(), waitMs: nextWait(bypass?.waitMs) } : undefined;
    return result;
  }

  return async (signal, view) => await view.look("route", url, look, signal);
}

function nextWait(before: number | undefined): number {
  return before === undefined ? FIRST_BYPASS_WAIT_MS : Math.min(before * 2, MAX_BYPASS_WAIT_MS);
}
