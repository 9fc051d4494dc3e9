import { variable, type EnvironmentValues } from "../config/environment.js";
import type { ResolvedOptions } from "../config/options.js";
import { detectGate, type DetectedGate } from "../gate/detect-gate.js";
import { gateKind, type GateKind } from "../gate/gate-plane.js";
import type { Gate } from "../gate/gate.js";
import { METADATA_URL } from "../gate/gate-options.js";
import { createNmiGate } from "../gate/nmi-gate.js";
import { createNmiOrProxyGate } from "../gate/nmi-or-proxy-gate.js";
import { ownAddresses } from "../gate/own-addresses.js";
import { createProxyGate } from "../gate/proxy-gate.js";
import { readTokenFile } from "../gate/token-file.js";
import { createWorkloadIdentityGate, injectionOf } from "../gate/workload-identity-gate.js";
import type { WorkloadInjection } from "../gate/workload-injection.js";
import { misconfigured } from "./misconfigured.js";
import type { Ports } from "./ports.js";

/** The gate of a credential, and why it is this one. */
export interface ResolvedGate {
  readonly gate: Gate | undefined;
  /** What it watches; `own` for a gate of the application's own. */
  readonly kind: GateKind | "own" | "none";
  /** How it came to be chosen. */
  readonly by: "auto" | "name" | "application";
  readonly why: string;
}

/** The managed identity endpoint; the Azure SDK's own variable overrides it. */
export function metadataUrl(environment: EnvironmentValues): string {
  const name = "AZURE_POD_IDENTITY_AUTHORITY_HOST";
  const given = variable(environment, name)?.trim();
  if (given === undefined) return METADATA_URL;
  // A user name or a password would end up in messages.
  if (/^https?:\/\/[^/?#@]+(?:[/?#]|$)/iu.test(given) && URL.canParse(given)) return given;
  throw misconfigured(name, given, `a whole URL without user name and password, such as ${METADATA_URL}`);
}

/** Makes the gate that the options name or the environment implies. */
export function resolveGate(
  options: ResolvedOptions,
  environment: EnvironmentValues,
  ports: Ports,
): ResolvedGate {
  const { gate: choice, nmiUrl, nmiUrlFrom } = options;
  if (typeof choice === "object") {
    const kind = gateKind(choice) ?? "own";
    return { gate: choice, kind, by: "application", why: "the application gave it" };
  }
  const byHost = nmiUrlFrom === "HOST_IP" || nmiUrlFrom === "nmi.hostIp";
  const nmiAddress = nmiUrl === undefined ? undefined : byHost ? "host" : "url";
  const { gate: found, why } = detectGate({ environment, choice, nmiAddress });
  const kind = found === "delegated" ? "none" : found;
  const by = choice === "auto" ? "auto" : "name";
  return { gate: makeGate(found, options, environment, ports), kind, by, why };
}

function makeGate(
  found: DetectedGate["gate"],
  // Without an address the gate of NMI is refused before (config/nmi-address.ts).
  { gate: choice, nmiUrl: url = "", nmiUrlFrom, proxyPort }: ResolvedOptions,
  environment: EnvironmentValues,
  ports: Ports,
): Gate | undefined {
  const chosen = choice === "auto" && nmiUrlFrom === "HOST_IP" ? { chosenBy: "HOST_IP" as const } : {};
  switch (found) {
    case "nmi":
    case "nmi-or-proxy": {
      const where = { url, metadataUrl: metadataUrl(environment), ownAddresses, ...chosen };
      return found === "nmi"
        ? createNmiGate(where, ports)
        : createNmiOrProxyGate({ ...where, proxyPort }, ports);
    }
    case "proxy":
      return createProxyGate({ port: proxyPort, metadataUrl: metadataUrl(environment) }, ports);
    case "workload-identity":
      return workloadGate(injectionOf({}, environment), ports);
    case "delegated":
    case "none":
      return undefined;
  }
}

/** The Workload ID gate for what a credential was given by options and environment. */
export function workloadGate(injection: WorkloadInjection, ports: Ports): Gate {
  const { clock, readFile = readTokenFile } = ports;
  return createWorkloadIdentityGate(injection, { clock, readFile });
}

/**
 * The gate that guards requests to the identity endpoint, or (`other`) those that go elsewhere: a gate of the
 * application's own guards everything, one of this library what goes through its plane.
 */
export function gateFor(
  { gate, kind }: ResolvedGate,
  requests: "identity-endpoint" | "other",
): Gate | undefined {
  if (kind === "own") return gate;
  return requests === "identity-endpoint" && kind !== "workload-identity" ? gate : undefined;
}
