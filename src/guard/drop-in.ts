import { createHash } from "node:crypto";
import type { AccessToken, GetTokenOptions, TokenCredential } from "@azure/core-auth";
import type { AbortSignalLike } from "../abort.js";
import { readEnvironment, variable, VARIABLE_PREFIX, type EnvironmentValues } from "../config/environment.js";
import { resolveOptions, type GuardOptions, type ResolvedOptions } from "../config/options.js";
import { isGuardError } from "../errors.js";
import { gateKey, type Gate } from "../gate/gate.js";
import type { HealthMonitor } from "../health/health-monitor.js";
import { expectationKey } from "../identity/expectation.js";
import { redactError } from "../identity/redact.js";
import { logger, warnOnce } from "../logger.js";
import { Guard } from "./guard.js";
import type { GuardedCredential } from "./guarded-credential.js";
import { misconfigured } from "./misconfigured.js";
import { objectId, processPorts, type ObjectNames } from "./ports.js";
import { resolveGate, type ResolvedGate } from "./resolve-gate.js";
import { keepHealthFile } from "./process-health.js";
import { processRegistry, type GuardPorts } from "./registry.js";
import { stateFor } from "./state-registry.js";
import { credentialSource, type TokenSource } from "./token-source.js";
import { Unguarded } from "./unguarded.js";

/**
 * What the drop-in classes add to the constructor options of `@azure/identity`.
 *
 * @public
 */
export interface GuardOption {
  /** How to guard; merged field by field with `AZURE_IDENTITY_GUARD_*`. Given at all, it turns guarding on. */
  guard?: GuardOptions | undefined;
}

/** Everything a drop-in class is built from. */
export interface DropInContext {
  readonly environment: EnvironmentValues;
  readonly options: ResolvedOptions;
  readonly gate: ResolvedGate;
  readonly inKubernetes: boolean;
  /** Whether guarding is on: a gate, an expectation, an explicit option, or a variable about tokens. */
  readonly guarding: boolean;
  readonly ports: GuardPorts;
}

const UNPROTECTED =
  "In Kubernetes with no gate and no expectation, a token of another identity would go unnoticed: " +
  "set AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID to the identity's principal ID.";

/** Reads options and environment; throws `ERR_GUARD_CONFIGURATION` with everything that is wrong with them. */
export function dropInContext(guard: GuardOptions | undefined): DropInContext {
  const environment = readEnvironment();
  const options = resolveOptions(guard, environment, { gate: "auto", expect: "environment" });
  const ports = { ...processPorts(), registry: processRegistry() };
  const gate = resolveGate(options, environment, ports);
  const inKubernetes = variable(environment, "KUBERNETES_SERVICE_HOST") !== undefined;
  const guarding = gate.gate !== undefined || options.expectation !== undefined || options.explicit;
  options.warnings.forEach(warnOnce);
  if (inKubernetes && gate.gate === undefined && options.expectation === undefined) warnOnce(UNPROTECTED);
  return { environment, options, gate, inKubernetes, guarding, ports };
}

/** A guarded credential whose tokens come from `source`; instances with the same `plane` share everything. */
export function guarded(
  context: DropInContext,
  name: string,
  plane: readonly unknown[],
  source: () => TokenSource,
  gate: Gate | undefined,
): GuardedCredential {
  const { options, ports, inKubernetes } = context;
  const isNmi = gate !== undefined && context.gate.isNmi;
  const key = JSON.stringify([
    plane,
    expectationKey(options.expectation),
    gate === undefined ? null : (gateKey(gate) ?? objectId(ports.names, gate)),
  ]);
  const state = stateFor(
    key,
    () => {
      const made = source();
      logger.info(
        `${name} => tokens come from ${made.description}; ` +
          (gate === undefined ? "no gate" : `gate ${gate.name}, since ${context.gate.why}`) +
          `; expected oid: ${options.expectation?.objectIds.join(" or ") ?? "none"}`,
      );
      const classification = { gated: isNmi, inKubernetes, delegated: !made.direct };
      return {
        name: options.health.name ?? name,
        source: made,
        gate,
        nmiGated: isNmi && made.direct,
        classification,
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

/**
 * A credential of the SDK, with its own retries off: they would multiply with ours. It is made here, as the SDK's class
 * would be: what it refuses is refused at construction, and it sees the environment as it is now. A gate of NMI does
 * not guard it, since its requests do not go there; a gate that the application made does.
 */
export function delegated(
  context: DropInContext,
  name: string,
  sdkOptions: object,
  create: (options: object) => TokenCredential,
  keyedBy: "resource" | "request",
): GuardedCredential {
  const { environment, ports } = context;
  // A copy: the SDK's constructors write into the object that they are given.
  const options = { ...sdkOptions, retryOptions: { maxRetries: 0 } };
  const plane = [name, optionsKey(sdkOptions, ports.names), environmentKey(environment)];
  const source = (): TokenSource => {
    const credential = made(name, () => create({ ...options }));
    return credentialSource(`the ${name} of @azure/identity`, () => credential, keyedBy);
  };
  return guarded(context, name, plane, source, context.gate.isNmi ? undefined : context.gate.gate);
}

function made(name: string, create: () => TokenCredential): TokenCredential {
  try {
    return create();
  } catch (error) {
    if (isGuardError(error)) throw error;
    const cause = redactError(error);
    throw misconfigured(name, "refused by @azure/identity", cause.message, { cause });
  }
}

/** Equal for environments in which the SDK's credentials are equal. A digest, since secrets are among the values. */
function environmentKey(environment: EnvironmentValues): string {
  const values = Object.entries(environment).filter(([name]) => !name.startsWith(VARIABLE_PREFIX));
  return createHash("sha256").update(JSON.stringify(values.sort())).digest("base64");
}

/** A text that is equal for options of equal effect; what cannot be compared goes by its identity. */
export function optionsKey(options: object, names: ObjectNames): string {
  return JSON.stringify(options, (_name, value: unknown) => {
    if (typeof value === "function") return `#${objectId(names, value)}`;
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    const prototype: unknown = Object.getPrototypeOf(value);
    const plain = prototype === Object.prototype || prototype === null;
    const pure = plain && !Object.values(value).some((each) => typeof each === "function");
    return pure ? value : `#${objectId(names, value)}`;
  });
}

/** Forwards to whatever a drop-in class turned out to be. */
export abstract class DropIn implements GuardedCredential {
  readonly #inner: GuardedCredential;

  constructor(inner: GuardedCredential) {
    this.#inner = inner;
  }

  /** Events and snapshot, shared by all instances with the same plane, identity and expectation. */
  get health(): HealthMonitor {
    return this.#inner.health;
  }

  /** {@inheritDoc GuardedCredential.getToken} */
  getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AccessToken> {
    return this.#inner.getToken(scopes, options);
  }

  /** {@inheritDoc GuardedCredential.warmUp} */
  warmUp(scopes: string | string[], options?: { abortSignal?: AbortSignalLike }): Promise<void> {
    return this.#inner.warmUp(scopes, options);
  }

  /** {@inheritDoc GuardedCredential.close} */
  close(): Promise<void> {
    return this.#inner.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
