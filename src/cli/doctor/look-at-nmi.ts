import type { HttpProbe } from "../../gate/http-probe.js";
import { checkNmiHealth, type NmiHealth } from "../../gate/nmi-health.js";
import type { ProbeContext } from "../../gate/route-probe.js";
import type { HealthLook, SettingsFacts } from "./observations.js";
import { timedProbe } from "./timed-probe.js";

/** The Helm chart's, and the binary's own (aad-pod-identity charts values.yaml, cmd/nmi/main.go). */
const USUAL_PORTS: readonly number[] = [8085, 8080];

/** NMI's health at the URL of the settings, and where it is not active there, at the other usual ones. */
export async function lookAtNmi(
  probe: HttpProbe,
  { nmiUrl, hostIp }: SettingsFacts,
  context: ProbeContext,
): Promise<HealthLook | undefined> {
  if (nmiUrl === undefined) return undefined;
  const timed = timedProbe(probe, context.clock);
  const health = await check(timed.probe, nmiUrl, context);
  const { origin, pathname } = new URL(nmiUrl);
  const look = { url: origin + pathname, ms: timed.ms() };
  if (health.active) return { ...look, reason: "active", detail: `${look.url} says Active` };
  const others = otherUrls(nmiUrl, hostIp).map(async (url) =>
    (await check(probe, url, context)).active ? [url] : [],
  );
  const [elsewhere] = (await Promise.all(others)).flat();
  return { ...look, ...health, ...(elsewhere === undefined ? {} : { elsewhere }) };
}

async function check(probe: HttpProbe, url: string, context: ProbeContext): Promise<NmiHealth> {
  return await checkNmiHealth(probe, url, context);
}

function otherUrls(nmiUrl: string, hostIp: string | undefined): readonly string[] {
  const { hostname } = new URL(nmiUrl);
  const hosts = new Set([hostname, ...(hostIp === undefined ? [] : [hostIp])]);
  const urls = [...hosts].flatMap((host) => USUAL_PORTS.map((port) => `http://${host}:${port}/healthz`));
  return urls.filter((url) => url !== nmiUrl);
}
