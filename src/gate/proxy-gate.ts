import { systemClock } from "../clock.js";
import { OPTION_DEFAULTS } from "../config/option-table.js";
import type { ConfigurationProblem } from "../errors.js";
import { showValue } from "../identity/show-value.js";
import { GATE_KEY, type Gate } from "./gate.js";
import { checkOptions, gateProblems, httpUrl, METADATA_URL } from "./gate-options.js";
import { httpProbe } from "./http-probe.js";
import type { LookingGate } from "./looks.js";
import { createProxyCheck, type ProxyCheckOptions, type ProxyCheckPorts } from "./proxy-check.js";
import { withSignal } from "./time-limit.js";

/**
 * Where the Workload ID migration proxy is.
 *
 * @public
 */
export interface ProxyGateOptions {
  /** The port of the annotation `azure.workload.identity/proxy-sidecar-port`. Default 8000. */
  port?: number | undefined;
  /** Scheme, host and port of the token path that the proxy takes over. Default `http://169.254.169.254`. */
  metadataUrl?: string | undefined;
}

/**
 * A gate that is open while the Workload ID migration proxy of this pod is up and token requests go to it.
 * Gates with the same port and token path share one watcher.
 *
 * @throws IdentityGuardError `ERR_GUARD_CONFIGURATION`, with all problems of the options.
 * @public
 */
export function proxyGate(options: ProxyGateOptions = {}): Gate {
  checkOptions("proxy", options);
  const problems: ConfigurationProblem[] = [];
  const { port = OPTION_DEFAULTS.proxyPort } = options;
  const metadataUrl = httpUrl("metadataUrl", options.metadataUrl ?? METADATA_URL, problems);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    problems.push({ name: "port", value: showValue(port), expected: "a port, as a number from 1 to 65535" });
  }
  if (metadataUrl === undefined || problems.length > 0) throw gateProblems("proxy", problems);
  return createProxyGate({ port, metadataUrl }, { clock: systemClock, probe: httpProbe });
}

/** The gate behind {@link proxyGate}; its options are taken to be valid. */
export function createProxyGate(options: ProxyCheckOptions, ports: ProxyCheckPorts): LookingGate {
  const check = createProxyCheck(options, ports);
  return {
    name: "proxy",
    [GATE_KEY]: `proxy ${options.port} ${new URL(options.metadataUrl).href}`,
    check: async ({ abortSignal, view } = {}) =>
      await withSignal(abortSignal, async (signal) => await check(signal, view)),
  };
}
