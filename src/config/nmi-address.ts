import { isIPv6 } from "node:net";
import { showValue } from "../identity/show-value.js";
import { variable, type EnvironmentValues } from "./environment.js";
import type { ResolvedOptions } from "./guard-options.js";
import { namedSource } from "./identity-sources.js";
import { OPTION_KINDS } from "./option-kind.js";
import type { OptionReader } from "./option-reader.js";

/** How a pod learns the address of its node. */
export const HOST_IP_SNIPPET = "- { name: HOST_IP, valueFrom: { fieldRef: { fieldPath: status.hostIP } } }";

const MISSING = `the node's IPv4 address, since the gate is nmi; add to "env" of the container: ${HOST_IP_SNIPPET}; or set AZURE_IDENTITY_GUARD_NMI_URL, or another gate`;

/** NMI tells pods apart by IPv4 address alone (aad-pod-identity pkg/nmi/server/server.go). */
const IPV6 =
  "the node's IPv4 address: NMI serves IPv4 only; set AZURE_IDENTITY_GUARD_NMI_URL where NMI's health can be reached otherwise, or AZURE_IDENTITY_GUARD_GATE=none where there is no NMI";

type NmiAddress = Pick<ResolvedOptions, "nmiUrl" | "nmiUrlFrom" | "hostIp">;

const NO_ADDRESS: NmiAddress = { nmiUrl: undefined, nmiUrlFrom: undefined, hostIp: undefined };

/** NMI's health URL at the port of the Helm chart (aad-pod-identity charts, values.yaml). */
export function nmiHealthUrl(hostIp: string): string {
  return `http://${hostIp}:8085/healthz`;
}

/**
 * Finds NMI's health URL: `nmi.url`, `nmi.hostIp`, `AZURE_IDENTITY_GUARD_NMI_URL`, `HOST_IP`, the first that is set.
 * The environment counts where the gate is `nmi` or `auto`; what options say is checked in any case.
 */
export function readNmiAddress(
  reader: OptionReader,
  environment: EnvironmentValues,
  gate: ResolvedOptions["gate"],
): NmiAddress {
  const optionsOnly = { environment: false };
  const urlOption = reader.read("nmi.url", "healthUrl", optionsOnly);
  const hostOption = reader.read("nmi.hostIp", "ipv4", optionsOnly);
  if (gate !== "nmi" && gate !== "auto") return NO_ADDRESS;

  const hostIp = hostOption ?? OPTION_KINDS.ipv4.fromOption(variable(environment, "HOST_IP"));
  if (reader.given("nmi.url") !== undefined) return { ...NO_ADDRESS, ...url(urlOption, "nmi.url"), hostIp };
  if (reader.given("nmi.hostIp") !== undefined) return ofHost(hostOption, "nmi.hostIp");
  if (variable(environment, "AZURE_IDENTITY_GUARD_NMI_URL") !== undefined) {
    const nmiUrl = reader.read("nmi.url", "healthUrl");
    return { ...NO_ADDRESS, ...url(nmiUrl, "AZURE_IDENTITY_GUARD_NMI_URL"), hostIp };
  }
  if (hostIp === undefined) reportHostIp(reader, environment, gate);
  return ofHost(hostIp, "HOST_IP");
}

function url(nmiUrl: string | undefined, nmiUrlFrom: NmiAddress["nmiUrlFrom"]): Partial<NmiAddress> {
  return nmiUrl === undefined ? {} : { nmiUrl, nmiUrlFrom };
}

function ofHost(hostIp: string | undefined, from: "HOST_IP" | "nmi.hostIp"): NmiAddress {
  return hostIp === undefined ? NO_ADDRESS : { nmiUrl: nmiHealthUrl(hostIp), nmiUrlFrom: from, hostIp };
}

function reportHostIp(reader: OptionReader, environment: EnvironmentValues, gate: "nmi" | "auto"): void {
  const value = variable(environment, "HOST_IP")?.trim();
  // `auto` decides by these before it looks at `HOST_IP`, which the pod may have for any other reason.
  const decided =
    variable(environment, "AZURE_FEDERATED_TOKEN_FILE") !== undefined ||
    namedSource(environment) !== undefined;
  if (gate === "auto" && (value === undefined || decided)) return;
  const expected = value === undefined ? MISSING : isIPv6(value) ? IPV6 : OPTION_KINDS.ipv4.form;
  reader.problems.push({ name: "HOST_IP", value: showValue(value), expected });
}
