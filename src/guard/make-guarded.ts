import { createHash } from "node:crypto";
import type { TokenCredential } from "@azure/core-auth";
import type { TokenCredentialOptions } from "@azure/identity";
import { readEnvironment, VARIABLE_PREFIX, type EnvironmentValues } from "../config/environment.js";
import { isGuardError } from "../errors.js";
import { namesSource } from "../config/identity-sources.js";
import { gateKey, type Gate } from "../gate/gate.js";
import { expectationKey } from "../identity/expectation.js";
import { redactError } from "../identity/redact.js";
import { logger } from "../logger.js";
import type { DropInContext } from "./drop-in.js";
import { entraSource, type Policies } from "./entra-source.js";
import { Guard } from "./guard.js";
import type { GuardedCredential } from "./guarded-credential.js";
import { misconfigured } from "./misconfigured.js";
import { objectId, type ObjectNames } from "./ports.js";
import { keepHealthFile } from "./process-health.js";
import { gateFor } from "./resolve-gate.js";
import { startLine } from "./start-line.js";
import { stateFor } from "./state-registry.js";
import { credentialSource, type TokenSource } from "./token-source.js";
import { Unguarded } from "./unguarded.js";

/** A guarded credential to make. */
export interface GuardedPlan {
  /** The class, for messages. */
  readonly name: string;
  /** Instances with the same values here share everything. */
  readonly key: readonly unknown[];
  readonly source: () => TokenSource;
  readonly gate: Gate | undefined;
  /** The identity plane in words, and how it was found, for the log. */
  readonly plane: string;
  readonly why: string;
  /** The identity that is asked for, in words. */
  readonly identity?: string | undefined;
  /** Requests go to Entra ID, past any identity endpoint of the node. */
  readonly entra?: boolean;
}

export function guarded(context: DropInContext, plan: GuardedPlan): GuardedCredential {
  const { options, ports, inKubernetes, member } = context;
  const { name, gate, plane, why, identity, entra = false } = plan;
  const { expectation } = options;
  const key = JSON.stringify([
    plan.key,
    expectationKey(expectation),
    gate === undefined ? null : (gateKey(gate) ?? objectId(ports.names, gate)),
  ]);
  const state = stateFor(
    key,
    () => {
      const source = plan.source();
      const { description } = source;
      const line = { name, member, plane, why, gateName: gate?.name, source: description, identity };
      logger.info(startLine({ ...line, expectation }));
      return {
        name: options.health.name ?? name,
        source,
        gate,
        classification: {
          inKubernetes,
          delegated: !source.direct,
          entra,
          namesSource: namesSource(context.environment),
        },
        options,
      };
    },
    ports,
    { keep: true },
  );
  const credential = new Guard(state, options);
  keepHealthFile(options.health.file, ports.registry, ports);
  return credential;
}

/** The SDK's own credential, where nothing asks for guarding. */
export function unguarded({ options, ports }: DropInContext, credential: TokenCredential): GuardedCredential {
  keepHealthFile(options.health.file, ports.registry, ports);
  return new Unguarded(credential, ports);
}

/** A credential of the SDK that is asked in its own way, and how it is made. */
export interface Delegation extends Pick<GuardedPlan, "name" | "plane" | "identity" | "entra"> {
  readonly options: object;
  readonly create: (options: object) => TokenCredential;
  readonly keyedBy: "resource" | "request";
}

/**
 * A credential of the SDK, with its own retries off: they would multiply with ours. It is made here, as the SDK's class
 * would be: what it refuses is refused at construction, and it sees the environment as it is now. A gate of this library
 * does not guard it, since its requests do not go through that plane; a gate that the application made does.
 */
export function delegated(context: DropInContext, delegation: Delegation): GuardedCredential {
  const { create, keyedBy, ...plan } = delegation;
  const source = (): TokenSource => {
    const make = (policies?: Policies): TokenCredential =>
      sdkCredential(plan.name, plan.options, create, policies);
    const credential = make();
    const description = `the ${plan.name} of @azure/identity`;
    if (plan.entra !== true) return credentialSource(description, () => credential, keyedBy);
    // Where the application has taken the secret out of its environment, as some do, the first one still has it.
    const variables = azureVariables();
    const again = (policies: Policies): TokenCredential =>
      azureVariables() === variables ? make(policies) : credential;
    return entraSource(description, again, context.ports.clock);
  };
  const key = delegationKey(context, plan.name, plan.options);
  const gate = gateFor(context.gate, "other");
  return guarded(context, { ...plan, key, source, gate, why: context.gate.why });
}

/**
 * What the SDK makes of these options, with its retries off and with `policies` before the application's own; what it
 * refuses is a configuration error.
 */
export function sdkCredential(
  name: string,
  options: object & Pick<TokenCredentialOptions, "additionalPolicies">,
  create: (options: object) => TokenCredential,
  policies: Policies = [],
): TokenCredential {
  try {
    const additionalPolicies = [...policies, ...(options.additionalPolicies ?? [])];
    // A copy: the SDK's constructors write into the object that they are given.
    return create({
      ...options,
      ...(additionalPolicies.length === 0 ? {} : { additionalPolicies }),
      retryOptions: { maxRetries: 0 },
    });
  } catch (error) {
    if (isGuardError(error)) throw error;
    const cause = redactError(error);
    const expected = "options and variables that its class there accepts";
    throw misconfigured(name, "refused by @azure/identity", expected, cause);
  }
}

/** Equal for credentials of the SDK that would ask for the same tokens; options that are `notRead` make no difference. */
export function delegationKey(
  { environment, ports, copy }: DropInContext,
  name: string,
  options: object,
  notRead: readonly string[] = [],
): readonly unknown[] {
  // The SDK's own retries are off, whatever was given for them.
  const ignored = new Set([...notRead, "retryOptions"]);
  const read = Object.fromEntries(Object.entries(options).filter(([option]) => !ignored.has(option)));
  return [name, optionsKey(read, ports.names), environmentKey(environment), copy?.folder ?? null];
}

/** What the SDK's credentials read, as it is now. */
function azureVariables(): string {
  const values = Object.entries(readEnvironment()).filter(([name]) => name.startsWith("AZURE_"));
  return environmentKey(Object.fromEntries(values));
}

/** Equal for environments in which the SDK's credentials are equal. A digest, since secrets are among the values. */
function environmentKey(environment: EnvironmentValues): string {
  const values = Object.entries(environment).filter(([name]) => !name.startsWith(VARIABLE_PREFIX));
  return createHash("sha256").update(JSON.stringify(values.sort())).digest("base64");
}

/** A text that is equal for options of equal effect, in any order; what cannot be compared goes by its identity. */
export function optionsKey(options: object, names: ObjectNames): string {
  return JSON.stringify(options, (_name, value: unknown) => {
    if (typeof value === "function") return `#${objectId(names, value)}`;
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    const prototype: unknown = Object.getPrototypeOf(value);
    const plain = prototype === Object.prototype || prototype === null;
    const pure = plain && !Object.values(value).some((each) => typeof each === "function");
    if (!pure) return `#${objectId(names, value)}`;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
