import { isIPv4, isIPv6 } from "node:net";
import { systemClock, type Clock } from "../clock.js";
import type { ConfigurationProblem } from "../errors.js";
import { showValue } from "../identity/show-value.js";
import { logger } from "../logger.js";
import { GATE_KEY, type Gate } from "./gate.js";
import { checkOptions, gateProblems, httpUrl, METADATA_URL } from "./gate-options.js";
import { httpProbe, type HttpProbe } from "./http-probe.js";
import type { LookingGate } from "./looks.js";
import { createNmiCheck } from "./nmi-check.js";
import { ownAddresses } from "./own-addresses.js";
import { withSignal } from "./time-limit.js";

/**
 * Where NMI is. `url`, or else `hostIp`, is required.
 *
 * @public
 */
export interface NmiGateOptions {
  /** The node's IPv4 address, from the downward API (`status.hostIP`); stands for `http://<hostIp>:8085/healthz`. */
  hostIp?: string | undefined;
  /** Whole health URL, for example `http://10.240.0.4:8085/healthz`; wins over `hostIp`. */
  url?: string | undefined;
  /** Scheme, host and port of the token path that NMI takes over. Default `http://169.254.169.254`. */
  metadataUrl?: string | undefined;
}

/** The port in the Helm chart and all deployment files of aad-pod-identity (charts/aad-pod-identity/values.yaml). */
const HEALTH_PORT = 8085;

const DOWNWARD_API = `the node's IPv4 address; in the pod spec:
    env:
      - name: HOST_IP
        valueFrom:
          fieldRef:
            fieldPath: status.hostIP`;

/**
 * A gate that is open while NMI on this node answers `Active` and token requests go to NMI.
 * Gates with the same URLs share one watcher.
 *
 * @throws IdentityGuardError `ERR_GUARD_CONFIGURATION`, with all problems of the options.
 * @public
 */
export function nmiGate(options: NmiGateOptions): Gate {
  checkOptions("NMI", options);
  const problems: ConfigurationProblem[] = [];
  const url = healthUrl(options, problems);
  const metadataUrl = httpUrl("metadataUrl", options.metadataUrl ?? METADATA_URL, problems);
  if (url === undefined || metadataUrl === undefined) throw gateProblems("NMI", problems);
  const where = { url, metadataUrl, ownAddresses };
  return createNmiGate(where, { clock: systemClock, probe: httpProbe });
}

/** The gate behind {@link nmiGate}; its options are taken to be valid. */
export function createNmiGate(
  options: {
    readonly url: string;
    readonly metadataUrl: string;
    readonly chosenBy?: "HOST_IP";
    readonly ownAddresses?: () => readonly string[];
  },
  ports: { readonly clock: Clock; readonly probe: HttpProbe },
): LookingGate {
  const { clock, probe } = ports;
  const check = createNmiCheck(options, { clock, probe, warn: (message) => logger.warning(message) });
  return {
    name: "nmi",
    [GATE_KEY]: `nmi ${new URL(options.url).href} ${new URL(options.metadataUrl).href}`,
    check: async ({ abortSignal, view } = {}) =>
      await withSignal(abortSignal, async (signal) => await check(signal, view)),
  };
}

function healthUrl({ url, hostIp }: NmiGateOptions, problems: ConfigurationProblem[]): string | undefined {
  if (isGiven(url)) return httpUrl("url", url, problems);
  if (typeof hostIp === "string" && isIPv4(hostIp)) return `http://${hostIp}:${HEALTH_PORT}/healthz`;
  problems.push({ name: "hostIp", value: showValue(hostIp), expected: hostIpExpected(hostIp) });
  return undefined;
}

function hostIpExpected(hostIp: unknown): string {
  // NMI tells pods apart by the IPv4 address of the request (aad-pod-identity pkg/nmi/server/server.go).
  return typeof hostIp === "string" && isIPv6(hostIp)
    ? "an IPv4 address, since NMI serves IPv4 only; or the whole health URL as url; or no NMI gate (none)"
    : DOWNWARD_API;
}

function isGiven(value: unknown): boolean {
  return value !== undefined && !(typeof value === "string" && value.trim() === "");
}
