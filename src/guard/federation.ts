import type { TokenCredential } from "@azure/core-auth";
import type { WorkloadIdentityCredentialOptions } from "@azure/identity";
import type { Gate } from "../gate/gate.js";
import { readTokenFile } from "../gate/token-file.js";
import { injectionOf } from "../gate/workload-identity-gate.js";
import { isInjected, type WorkloadInjection } from "../gate/workload-injection.js";
import { warnOnce } from "../logger.js";
import { azureIdentity } from "./azure-identity.js";
import type { DropInContext } from "./drop-in.js";
import { entraSource, type Policies } from "./entra-source.js";
import type { GuardedCredential } from "./guarded-credential.js";
import { delegationKey, guarded, sdkCredential } from "./make-guarded.js";
import { presentingSource } from "./presenting-source.js";
import { gateFor, workloadGate, type ResolvedGate } from "./resolve-gate.js";
import type { TokenSource } from "./token-source.js";

/** What `DefaultAzureCredential` and `ManagedIdentityCredential` take for others, or for themselves: no exchange reads it. */
const NOT_READ = [
  "managedIdentityClientId",
  "managedIdentityResourceId",
  "workloadIdentityClientId",
  "resourceId",
  "objectId",
  "processTimeoutInMs",
  "requiredEnvVars",
];

/** The class of the SDK that does it, and what pages and metrics call it. */
const NAME = "WorkloadIdentityCredential";

/**
 * Tokens by exchange of the service account token at Entra ID, through the SDK's `WorkloadIdentityCredential`.
 *
 * A new one for each attempt. It keeps the file's contents for 5 min and its tokens for as long as they live, and has no
 * way to be told otherwise (measured with 4.13.1: after the file was renewed, the same instance sent the old assertion,
 * a new instance the new one): a retry must read the file again, a token that was refused must not come back from there,
 * and a refresh must ask.
 *
 * @param defaults options that the caller did not give; they make no other identity, and so no other state
 */
export function federated(
  context: DropInContext,
  options: WorkloadIdentityCredentialOptions,
  defaults: WorkloadIdentityCredentialOptions = {},
): GuardedCredential {
  const { environment, ports } = context;
  const injection = injectionOf(options, environment);
  const { gate, why } = federationGate(context, injection);
  const given = Object.entries(injection).filter(([, value]) => value !== undefined);
  const asked = { ...options, ...Object.fromEntries(given) };
  const sdkOptions = { ...defaults, ...asked };
  const create = (policies?: Policies): TokenCredential =>
    sdkCredential(NAME, sdkOptions, sdkWorkloadIdentity(context), policies);
  const source = (): TokenSource => {
    // What the SDK refuses is refused at construction, unless a gate that is closed for good says the same and more.
    if (isInjected(injection) || !closesWithoutInjection(context.gate)) create();
    const exchange = entraSource(`the ${NAME} of @azure/identity`, create, ports.clock);
    const { tenantId: ownTenant, tokenFilePath } = injection;
    return presentingSource({ ...exchange, ownTenant }, tokenFilePath, ports.readFile ?? readTokenFile);
  };
  return guarded(context, {
    name: NAME,
    key: delegationKey(context, NAME, asked, NOT_READ),
    source,
    gate,
    plane: "Workload ID",
    why,
    identity: injection.clientId === undefined ? undefined : `client ID ${injection.clientId}`,
    entra: true,
  });
}

export function sdkWorkloadIdentity({
  copy,
}: DropInContext): (options: WorkloadIdentityCredentialOptions) => TokenCredential {
  return (options) => new (azureIdentity(copy).WorkloadIdentityCredential)(options);
}

/** Whether a pod that lacks what the webhook injects meets a gate that is closed for good, and no error at construction. */
export function closesWithoutInjection({ kind, by }: ResolvedGate): boolean {
  return kind === "workload-identity" || by === "auto";
}

/**
 * The gate that an exchange waits for. Chosen by name, the gates of other planes do not guard it; `auto` means what the
 * credential uses, whatever else the pod has.
 */
function federationGate(
  { gate: resolved, ports }: DropInContext,
  injection: WorkloadInjection,
): { readonly gate: Gate | undefined; readonly why: string } {
  const { gate, kind, by, why } = resolved;
  if (kind === "workload-identity") {
    return {
      gate: by === "application" && isInjected(injection) ? gate : workloadGate(injection, ports),
      why,
    };
  }
  if (by === "auto")
    return { gate: workloadGate(injection, ports), why: "the credential is one of Workload ID" };
  const guarding = gateFor(resolved, "other");
  if (gate !== undefined && guarding === undefined) {
    warnOnce(
      `The ${gate.name} gate does not guard Workload ID, through which this credential gets its tokens`,
    );
  }
  return { gate: guarding, why };
}
