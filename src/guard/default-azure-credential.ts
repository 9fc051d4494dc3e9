import type { TokenCredential } from "@azure/core-auth";
import type {
  DefaultAzureCredentialClientIdOptions,
  DefaultAzureCredentialOptions,
  DefaultAzureCredentialResourceIdOptions,
} from "@azure/identity";
import { hasValue, variable, type EnvironmentValues } from "../config/environment.js";
import { injectionOf } from "../gate/workload-identity-gate.js";
import { WHAT_IS_INJECTED } from "../gate/workload-identity-texts.js";
import { missingVariables } from "../gate/workload-injection.js";
import { azureIdentity } from "./azure-identity.js";
import { DropIn, dropInContext, type DropInContext, type GuardOption } from "./drop-in.js";
import { closesWithoutInjection, federated } from "./federation.js";
import type { GuardedCredential } from "./guarded-credential.js";
import { delegated, unguarded } from "./make-guarded.js";
import { managedIdentity } from "./managed-identity-credential.js";
import { misconfigured } from "./misconfigured.js";

/**
 * Constructor options: those of `@azure/identity`, and `guard`.
 *
 * @public
 */
export type GuardedDefaultAzureCredentialOptions = (
  | DefaultAzureCredentialClientIdOptions
  | DefaultAzureCredentialResourceIdOptions
  | DefaultAzureCredentialOptions
) &
  GuardOption;

type AnyOptions = Omit<
  DefaultAzureCredentialClientIdOptions & DefaultAzureCredentialResourceIdOptions,
  "managedIdentityResourceId"
> & {
  managedIdentityResourceId?: string;
};

/**
 * `DefaultAzureCredential` of `@azure/identity`, guarded.
 *
 * With a gate, or in Kubernetes with guarding on, the chain is resolved once, here, to its first configured member of
 * Environment, Workload Identity, managed identity (`AZURE_TOKEN_CREDENTIALS` narrows it), and never falls through to
 * another identity. Elsewhere the SDK's own chain is kept, and what it returns is checked against the expectation.
 *
 * Throws `ERR_GUARD_CONFIGURATION`; where guarding is off, what the SDK's class throws.
 *
 * @public
 */
export class DefaultAzureCredential extends DropIn {
  constructor(options?: GuardedDefaultAzureCredentialOptions) {
    // The union of the SDK's option types hides what only some of its members have.
    const { guard, ...given }: AnyOptions & GuardOption = { ...options };
    const context = dropInContext(guard, new.target);
    // No options stay none: only then does the SDK give each member of its chain an object of its own to write into.
    super(
      context.guarding ? resolved(context, given) : unguarded(context, sdkDefault(context)(options && given)),
    );
  }
}

function sdkDefault({ copy }: DropInContext): (options?: object) => TokenCredential {
  return (options) => new (azureIdentity(copy).DefaultAzureCredential)(options);
}

function resolved(context: DropInContext, options: AnyOptions): GuardedCredential {
  checkRequired(options.requiredEnvVars);
  const member =
    context.gate.gate === undefined && !context.inKubernetes ? undefined : memberOf(context, options);
  if (member === undefined) {
    return delegated(context, {
      name: "DefaultAzureCredential",
      options,
      create: sdkDefault(context),
      keyedBy: "request",
      plane: "the chain of @azure/identity",
    });
  }
  return MEMBERS[member].create({ ...context, member }, options);
}

type Member = "EnvironmentCredential" | "WorkloadIdentityCredential" | "ManagedIdentityCredential";

interface MemberRow {
  /** Whether the environment speaks of it at all: a half-injected pod must not get the node's identity. */
  readonly named: (context: DropInContext, options: AnyOptions) => boolean;
  /** The variables without which it cannot work. */
  readonly missing: (environment: EnvironmentValues, options: AnyOptions) => readonly string[];
  /** What those would be, in words. */
  readonly needs: string;
  readonly create: (context: DropInContext, options: AnyOptions) => GuardedCredential;
}

const SECRETS: readonly (readonly string[])[] = [
  ["AZURE_CLIENT_SECRET"],
  ["AZURE_CLIENT_CERTIFICATE_PATH"],
  ["AZURE_USERNAME", "AZURE_PASSWORD"],
];

const workloadClientId = (environment: EnvironmentValues, options: AnyOptions): string | undefined =>
  options.workloadIdentityClientId ??
  options.managedIdentityClientId ??
  variable(environment, "AZURE_CLIENT_ID");

/** The members that work in production, in the order of the SDK's chain. */
const MEMBERS: Readonly<Record<Member, MemberRow>> = {
  EnvironmentCredential: {
    named: ({ environment }) => MEMBERS.EnvironmentCredential.missing(environment, {}).length === 0,
    missing: (environment) => {
      const absent = ["AZURE_TENANT_ID", "AZURE_CLIENT_ID"].filter(
        (name) => variable(environment, name) === undefined,
      );
      const secret = SECRETS.some((names) =>
        names.every((name) => variable(environment, name) !== undefined),
      );
      return secret ? absent : [...absent, "AZURE_CLIENT_SECRET"];
    },
    needs: "what EnvironmentCredential needs",
    create: (context, options) =>
      delegated(context, {
        name: "EnvironmentCredential",
        options,
        create: (given) => new (azureIdentity(context.copy).EnvironmentCredential)(given),
        keyedBy: "request",
        plane: "the credential in the environment",
        identity: `client ID ${variable(context.environment, "AZURE_CLIENT_ID") ?? ""}`,
        entra: true,
      }),
  },
  WorkloadIdentityCredential: {
    named: ({ environment, gate }) =>
      gate.kind === "workload-identity" || variable(environment, "AZURE_FEDERATED_TOKEN_FILE") !== undefined,
    missing: (environment, { tenantId, ...options }) => {
      const clientId = workloadClientId(environment, options);
      return missingVariables(injectionOf({ tenantId, clientId }, environment));
    },
    needs: WHAT_IS_INJECTED,
    create: (context, options) => {
      const clientId = workloadClientId(context.environment, options);
      return federated(context, clientId === undefined ? options : { ...options, clientId });
    },
  },
  ManagedIdentityCredential: {
    named: () => true,
    missing: () => [], // whoever makes it looks
    needs: "nothing",
    create: (context, options) => {
      const {
        managedIdentityClientId,
        managedIdentityResourceId,
        workloadIdentityClientId: _,
        ...rest
      } = options;
      // As in the SDK, where null and an empty resource ID count as none.
      if (managedIdentityResourceId) {
        return managedIdentity(context, { ...rest, resourceId: managedIdentityResourceId });
      }
      // As in the SDK: its managed identity exchanges the service account's token where there is one.
      const federated = variable(context.environment, "AZURE_FEDERATED_TOKEN_FILE") !== undefined;
      const clientId = federated
        ? workloadClientId(context.environment, options)
        : (managedIdentityClientId ?? variable(context.environment, "AZURE_CLIENT_ID"));
      return managedIdentity(context, clientId === undefined ? rest : { ...rest, clientId });
    },
  },
};

const PRODUCTION = Object.keys(MEMBERS) as readonly Member[];
const DEVELOPER = [
  "dev",
  "visualstudiocodecredential",
  "azureclicredential",
  "azurepowershellcredential",
  "azuredeveloperclicredential",
];

/** The one member that this credential is; `undefined` where a developer's login is asked for and no gate forbids it. */
function memberOf(context: DropInContext, options: AnyOptions): Member | undefined {
  const { environment, gate } = context;
  const variableName = "AZURE_TOKEN_CREDENTIALS";
  const asked = variable(environment, variableName)?.trim();
  const choice = asked?.toLowerCase();
  const allowed =
    choice === undefined || choice === "prod"
      ? PRODUCTION
      : PRODUCTION.filter((name) => name.toLowerCase() === choice);
  if (asked !== undefined && allowed.length === 0) {
    const known = DEVELOPER.includes(asked.toLowerCase());
    if (known && gate.gate === undefined) return undefined;
    throw misconfigured(
      variableName,
      asked,
      known
        ? `prod, or one of ${PRODUCTION.join(", ")}: a developer's login must not stand in for the pod's identity under the ${gate.gate?.name ?? ""} gate`
        : `prod, dev, or one of ${PRODUCTION.join(", ")}`,
    );
  }
  const only = allowed.length === 1 ? allowed[0] : undefined;
  const member = only ?? allowed.find((name) => MEMBERS[name].named(context, options));
  if (member === undefined) return undefined;
  // A gate that is closed for good says the same, to whoever asks for a token.
  if (member === "WorkloadIdentityCredential" && closesWithoutInjection(gate)) return member;
  const missing = MEMBERS[member].missing(environment, options);
  if (missing.length > 0) throw misconfigured(missing.join(", "), undefined, MEMBERS[member].needs);
  return member;
}

/** The check of the SDK's class, which is not made where the chain is resolved here. */
function checkRequired(required: string | readonly string[] | undefined): void {
  const names = required ? [required].flat() : [];
  const missing = names.filter((name) => !hasValue(name));
  if (missing.length > 0)
    throw misconfigured(missing.join(", "), undefined, "a value: requiredEnvVars names it");
}
