import type { TokenCredential } from "@azure/core-auth";
import type { HttpClient } from "@azure/core-rest-pipeline";
import type {
  ManagedIdentityCredentialClientIdOptions,
  ManagedIdentityCredentialObjectIdOptions,
  ManagedIdentityCredentialResourceIdOptions,
  TokenCredentialOptions,
} from "@azure/identity";
import { variable } from "../config/environment.js";
import { detectManagedIdentitySource } from "../config/identity-sources.js";
import type { IdentityEndpoint, ManagedIdentityId } from "../endpoint/identity-endpoint.js";
import { readTokenFile } from "../gate/token-file.js";
import { injectionOf } from "../gate/workload-identity-gate.js";
import { WHAT_IS_INJECTED } from "../gate/workload-identity-texts.js";
import { missingVariables } from "../gate/workload-injection.js";
import { warnOnce } from "../logger.js";
import { azureIdentity } from "./azure-identity.js";
import { DropIn, dropInContext, type DropInContext, type GuardOption } from "./drop-in.js";
import { expectingAsked } from "./expecting-asked.js";
import { federated } from "./federation.js";
import type { GuardedCredential } from "./guarded-credential.js";
import { delegated, guarded, unguarded } from "./make-guarded.js";
import { misconfigured } from "./misconfigured.js";
import { objectId, type Ports } from "./ports.js";
import { presentingSource } from "./presenting-source.js";
import { gateFor, metadataUrl, type ResolvedGate } from "./resolve-gate.js";
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
 * cache around it. `objectId` is ignored by NMI, which then gives the pod's first identity, and every id but `clientId` by
 * the Workload ID migration proxy, which then takes `AZURE_CLIENT_ID`: pin the identity with `guard.expect`. So does
 * Workload ID, where a token of another `objectId` is refused, and `resourceId` is warned about.
 *
 * Throws `ERR_GUARD_CONFIGURATION`; where guarding is off, what the SDK's class throws.
 *
 * @public
 */
export class ManagedIdentityCredential extends DropIn {
  constructor(clientId: string, options?: TokenCredentialOptions & GuardOption);
  constructor(options?: GuardedManagedIdentityOptions);
  constructor(first?: string | GuardedManagedIdentityOptions, second?: TokenCredentialOptions & GuardOption) {
    const { guard = second?.guard, ...given } = { ...(typeof first === "string" ? second : first) };
    const clientId = typeof first === "string" ? { clientId: first } : undefined;
    const context = dropInContext(guard, new.target);
    super(
      context.guarding
        ? managedIdentity(context, { ...given, ...clientId })
        : unguarded(context, sdkManagedIdentity(context)(given, clientId?.clientId)),
    );
  }
}

function sdkManagedIdentity({
  copy,
}: DropInContext): (options: AnyManagedIdentityOptions, clientId?: string) => TokenCredential {
  return (options, clientId) => {
    const { ManagedIdentityCredential: Sdk } = azureIdentity(copy);
    return clientId === undefined ? new Sdk(options) : new Sdk(clientId, options);
  };
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
  // Where Workload ID is expected, a pod that was not injected, or by halves, must not get the node's identity.
  if (source === "federation" || context.gate.kind === "workload-identity") {
    // As in the SDK's managedIdentityCredential/tokenExchangeMsi.ts.
    const { tenantId: _tenantId, ...rest }: AnyManagedIdentityOptions & { tenantId?: string } = options;
    return federated(expectingAsked(context, identity), rest, { disableInstanceDiscovery: true });
  }
  if (source === "imds") checkInjection(context, options.clientId);
  if (source !== "imds") {
    const { gate } = context.gate;
    if (gate !== undefined && gateFor(context.gate, "other") === undefined) {
      warnOnce(`The ${gate.name} gate does not guard ${source}, which the environment names`);
    }
    return delegated(context, {
      name: "ManagedIdentityCredential",
      options,
      create: sdkManagedIdentity(context),
      keyedBy: "resource",
      plane: `the managed identity of ${source}`,
      identity: identityWords(identity),
    });
  }
  const url = metadataUrl(environment);
  const key = [
    "endpoint",
    url,
    identity,
    options.httpClient === undefined ? null : objectId(ports.names, options.httpClient),
  ];
  return guarded(context, {
    name: "ManagedIdentityCredential",
    key,
    source: () => {
      const loading = loadEndpoint({ metadataUrl: url, identity }, ports, options.httpClient);
      // The migration proxy presents what is in the pod's file, where the pod has one itself.
      const path = variable(environment, "AZURE_FEDERATED_TOKEN_FILE");
      return presentingSource(endpointSource(url, loading), path, ports.readFile ?? readTokenFile);
    },
    gate: gateFor(context.gate, "identity-endpoint"),
    plane: PLANES[context.gate.kind],
    why: context.gate.why,
    identity: identityWords(identity),
  });
}

/** A pod that was injected by halves must not get the node's identity: no gate of NMI or the proxy keeps it from there. */
function checkInjection({ environment, gate }: DropInContext, clientId: string | undefined): void {
  const begun = variable(environment, "AZURE_FEDERATED_TOKEN_FILE") !== undefined;
  if (!begun || (gate.kind !== "none" && gate.kind !== "own")) return;
  const missing = missingVariables(injectionOf({ clientId }, environment));
  throw misconfigured(missing.join(", "), undefined, WHAT_IS_INJECTED);
}

/** What is asked at the identity endpoint, in words. */
const PLANES: Readonly<Record<ResolvedGate["kind"], string>> = {
  nmi: "AAD Pod Identity (NMI)",
  proxy: "the Workload ID migration proxy",
  "nmi-or-proxy": "AAD Pod Identity (NMI), or the Workload ID migration proxy if it answers",
  "workload-identity": "Workload ID",
  own: "a managed identity",
  none: "a managed identity",
};

const ID_NAMES: Readonly<Record<Exclude<ManagedIdentityId["kind"], "default">, string>> = {
  clientId: "client ID",
  resourceId: "resource ID",
  objectId: "object ID",
};

function identityWords(identity: ManagedIdentityId): string | undefined {
  return identity.kind === "default" ? undefined : `${ID_NAMES[identity.kind]} ${identity.value}`;
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
    // As in the SDK, whose callers in JavaScript give null and empty texts for none.
    value ? [{ kind, value } as Exclude<ManagedIdentityId, { kind: "default" }>] : [],
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
