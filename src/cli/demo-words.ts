import type { StepName } from "./demo-events.js";
import { KEY_VAULT, STORAGE } from "./demo-script.js";

/** What each step means for somebody who has never heard of NMI. */
export const STEP_WORDS: Readonly<Record<StepName, string>> = {
  "nmi-absent":
    "The node is up. NMI, its agent that gives each pod tokens of the pod's own identity, is not: " +
    "requests go to Azure's metadata service (IMDS), which gives out the node's identity.",
  "nmi-not-active": 'NMI has started, but says "Not Active": requests go past it.',
  "nmi-active":
    'NMI says "Active": from now on requests go to it. The pod\'s identity is not on the node yet, so NMI holds them.',
  "identity-assigned": "The pod's identity is now on the node: all is well here.",
  "nmi-exits": 'NMI exits: requests go past it, though it still says "Active".',
  "second-resource": "Both services now need a token for Storage as well.",
  "nmi-gone": "NMI is gone.",
  "nmi-returns": 'The new NMI has started: "Not Active".',
  "nmi-active-again": 'NMI says "Active" again, and requests go to it.',
};

const RESOURCE_WORDS: ReadonlyMap<string, string> = new Map([
  [KEY_VAULT, "Key Vault"],
  [STORAGE, "Storage"],
]);

/** `Key Vault` for `https://vault.azure.net`; others as they are. */
export function resourceWords(resource: string): string {
  return RESOURCE_WORDS.get(resource) ?? resource;
}

/** Why the guard's gate is open or closed. */
const GATE_WORDS: ReadonlyMap<string, string> = new Map([
  ["active", "NMI says active, and it is NMI that answers"],
  ["active-route-unknown", "NMI says active; who answers cannot be told"],
  ["not-active", "NMI says it is not active"],
  ["health-refused", "nobody listens where NMI should"],
  ["health-unreachable", "NMI's address cannot be reached"],
  ["health-timeout", "NMI does not answer in time"],
  ["health-unexpected", "what answers at NMI's address is not NMI"],
  ["route-bypassed", "NMI says active, but IMDS answers"],
  ["route-proxied", "NMI says active, but a proxy answers"],
  ["route-unreachable", "NMI says active, but nobody answers"],
]);

export function gateWords(reason: string): string {
  return GATE_WORDS.get(reason) ?? reason;
}

export const ANSWERER_WORDS: Readonly<Record<"nmi" | "imds" | "health", string>> = {
  nmi: "NMI",
  imds: "IMDS",
  health: "NMI's health port",
};

/** `0.1 s`, `10.3 s`. */
export function seconds(ms: number): string {
  return `${(Math.max(0, ms) / 1_000).toFixed(1)} s`;
}

/** `24.0 h`. */
export function hours(ms: number): string {
  return `${(ms / 3_600_000).toFixed(1)} h`;
}
