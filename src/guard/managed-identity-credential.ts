import type { HttpClient } from "@azure/core-rest-pipeline";
import type {
  ManagedIdentityCredentialClientIdOptions,
  ManagedIdentityCredentialObjectIdOptions,
  ManagedIdentityCredentialResourceIdOptions,
  TokenCredentialOptions,
} from "@azure/identity";
import { variable } from "../config/environment.js";
import type { IdentityEndpoint, ManagedIdentityId } from "../endpoint/identity-endpoint.js";
import { detectManagedIdentitySource } from "../gate/detect-gate.js";
import { warnOnce } from "../logger.js";
import { azureIdentity } from "./azure-identity.js";
import {
  delegated,
  DropIn,
  dropInContext,
  guarded,
  unguarded,
  type DropInContext,
  type GuardOption,
} from "./drop-in.js";
import type { GuardedCredential } from "./guarded-credential.js";
import { misconfigured } from "./misconfigured.js";
import { objectId, type Ports } from "./ports.js";
import { metadataUrl } from "./resolve-gate.js";
import { endpointSource } from "./token-source.js";

/**
 * Constructor options: one of `clientId`, `resourceId` and `objectId` as in `@azure/identity`, and `guard`.
 *
 * @public
 */
export type GuardedManagedIdentityOptions = (
  | ManagedIdentityCredentialClientIdOptions
  | ManagedIdentityCredentialResourceIdOptions
  | ManagedIdentityCredentialObjectIdOptions
) &
  GuardOption;

/** The options with every id possible, as JavaScript callers may give them. */
export interface AnyManagedIdentityOptions extends TokenCredentialOptions {
  clientId?: string;
  resourceId?: string;
  objectId?: string;
}

/**
 * `ManagedIdentityCredential` of `@azure/identity`, guarded.
 *
 * Where guarding is on and the platform is a VM or AKS, it asks the identity endpoint (NMI, IMDS) itself, on a fresh
 * connection each time, past proxies and past MSAL's process-wide cache. App Service, Service Fabric, Azure Arc,
 * Machine Learning, Cloud Shell and Workload ID are asked for through `@azure/identity`, with verification, budget and
 * cache around it. `objectId` is ignored by NMI, which then gives the pod's first identity: pin it with `guard.expect`.
 *
 * Throws `ERR_GUARD_CONFIGURATION`; where guarding is off, what the SDK's class throws.
 *
 * @public
 */
export class ManagedIdentityCredential extends DropIn {
  constructor(clientId: string, options?: TokenCredentialOptions & GuardOption);
  constructor(options?: GuardedManagedIdentityOptions);
  constructor(first?: string | GuardedManagedIdentityOptions, second?: TokenCredentialOptions & GuardOption) {
    const { guard, ...given } = { ...(typeof first === "string" ? second : first) };
    const options: AnyManagedIdentityOptions =
      typeof first === "string" ? { ...given, clientId: first } : given;
    const context = dropInContext(guard);
    super(
      context.guarding ? managedIdentity(context, options) : unguarded(context, sdkManagedIdentity(options)),
    );
  }
}

function sdkManagedIdentity(
  options: AnyManagedIdentityOptions,
): InstanceType<ReturnType<typeof azureIdentity>["ManagedIdentityCredential"]> {
  const { ManagedIdentityCredential: Sdk } = azureIdentity();
  const { clientId, ...rest } = options;
  // The SDK's class takes a client ID as its first argument or in its options; its types want one form at a time.
  return clientId === undefined ? new Sdk(rest) : new Sdk(clientId, rest);
}

/** The guarded managed identity: the endpoint itself where there is one, else the SDK's class. */
export function managedIdentity(
  context: DropInContext,
  options: AnyManagedIdentityOptions,
): GuardedCredential {
  const { environment, ports } = context;
  const identity = identityOf(options);
  const source = detectManagedIdentitySource(
    environment,
    identity.kind === "clientId" ? identity.value : undefined,
  );
  if (source === "federation") {
    return delegated(
      context,
      "WorkloadIdentityCredential",
      {
        ...options,
        clientId: options.clientId ?? variable(environment, "AZURE_CLIENT_ID"),
        // As in the SDK's managedIdentityCredential/tokenExchangeMsi.ts.
        tenantId: variable(environment, "AZURE_TENANT_ID"),
        disableInstanceDiscovery: true,
      },
      (given) => new (azureIdentity().WorkloadIdentityCredential)(given),
      "request",
    );
  }
  if (source !== "imds") {
    if (context.gate.gate !== undefined && context.gate.isNmi) {
      warnOnce(`The ${context.gate.gate.name} gate does not guard ${source}, which the environment names`);
    }
    return delegated(
      context,
      "ManagedIdentityCredential",
      options,
      (given) => sdkManagedIdentity(given),
      "resource",
    );
  }
  const url = metadataUrl(environment);
  const plane = [
    "endpoint",
    url,
    identity,
    options.httpClient === undefined ? null : objectId(ports.names, options.httpClient),
  ];
  return guarded(
    context,
    "ManagedIdentityCredential",
    plane,
    () => endpointSource(url, loadEndpoint({ metadataUrl: url, identity }, ports, options.httpClient)),
    context.gate.gate,
  );
}

async function loadEndpoint(
  where: { readonly metadataUrl: string; readonly identity: ManagedIdentityId },
  { clock, send, prepare }: Ports,
  httpClient: HttpClient | undefined,
): Promise<IdentityEndpoint> {
  const [{ createIdentityEndpoint }] = await Promise.all([
    import("../endpoint/identity-endpoint.js"),
    httpClient === undefined ? prepare?.() : undefined,
  ]);
  return createIdentityEndpoint(where, { clock, send: httpClient ?? send });
}

function identityOf({
  clientId,
  resourceId,
  objectId: object,
}: AnyManagedIdentityOptions): ManagedIdentityId {
  const given = Object.entries({ clientId, resourceId, objectId: object }).flatMap(([kind, value]) =>
    value === undefined || value === ""
      ? []
      : [{ kind, value } as Exclude<ManagedIdentityId, { kind: "default" }>],
  );
  if (given.length > 1) {
    throw misconfigured(
      given.map(({ kind }) => kind).join(", "),
      given.map(({ value }) => value),
      "only one of clientId, resourceId and objectId",
    );
  }
  return given[0] ?? { kind: "default" };
}
