import { variable, type EnvironmentValues } from "../config/environment.js";
import type { ResolvedOptions } from "../config/options.js";
import { detectGate } from "../gate/detect-gate.js";
import { gateKey, type Gate } from "../gate/gate.js";
import { createNmiGate, ownAddresses } from "../gate/nmi-gate.js";
import { misconfigured } from "./misconfigured.js";
import type { Ports } from "./ports.js";

/** The gate of a credential, and why it is this one. */
export interface ResolvedGate {
  readonly gate: Gate | undefined;
  readonly isNmi: boolean;
  readonly why: string;
}

/** Where managed identity tokens are asked for, in AKS and on VMs; NMI and the migration proxy take its place. */
const METADATA_URL = "http://169.254.169.254";

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
    return {
      gate: choice,
      isNmi: gateKey(choice)?.startsWith("nmi ") === true,
      why: "the application gave it",
    };
  }
  const byHostIp = nmiUrlFrom === "HOST_IP" || nmiUrlFrom === "nmi.hostIp";
  const detected =
    choice === "auto" ? detectGate(environment, nmiUrl !== undefined && !byHostIp, byHostIp) : undefined;
  const why = detected?.why ?? `it was chosen by name (${choice})`;
  const name = detected?.gate ?? choice;
  if (name === "nmi" && nmiUrl !== undefined) {
    const gate = createNmiGate(
      {
        url: nmiUrl,
        metadataUrl: metadataUrl(environment),
        ownAddresses: ownAddresses(),
        ...(choice === "auto" && nmiUrlFrom === "HOST_IP" ? { chosenBy: "HOST_IP" } : {}),
      },
      ports,
    );
    return { gate, isNmi: true, why };
  }
  if (choice === "workload-identity" || choice === "proxy") {
    const name = "AZURE_IDENTITY_GUARD_GATE";
    const named = variable(environment, name)?.trim().toLowerCase() === choice;
    throw misconfigured(
      named ? name : "gate",
      choice,
      "auto, nmi or none: this version has no gate for it yet, and would not guard what it is asked to",
    );
  }
  return { gate: undefined, isNmi: false, why };
}
