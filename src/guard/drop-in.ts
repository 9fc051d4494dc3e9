import type { AccessToken, GetTokenOptions } from "@azure/core-auth";
import type { AbortSignalLike } from "../abort.js";
import { readEnvironment, variable, type EnvironmentValues } from "../config/environment.js";
import { resolveOptions, type GuardOptions, type ResolvedOptions } from "../config/options.js";
import type { HealthMonitor } from "../health/health-monitor.js";
import { warnOnce } from "../logger.js";
import type { GuardedCredential } from "./guarded-credential.js";
import { copyOf, type IdentityCopy } from "./identity-copy.js";
import { processPorts } from "./ports.js";
import { processRegistry, type GuardPorts } from "./registry.js";
import { resolveGate, type ResolvedGate } from "./resolve-gate.js";

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
  /** What is delegated goes to this copy of `@azure/identity`, not to the one that this library finds. */
  readonly copy?: IdentityCopy | undefined;
  /** What `DefaultAzureCredential` was resolved to, for the line at start. */
  readonly member?: string;
}

const UNPROTECTED =
  "In Kubernetes with no gate and no expectation, a token of another identity would go unnoticed: " +
  "set AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID to the identity's principal ID.";

/**
 * Reads options and environment; throws `ERR_GUARD_CONFIGURATION` with everything that is wrong with them.
 *
 * @param constructed the class that `new` was applied to
 */
export function dropInContext(guard: GuardOptions | undefined, constructed: object = DropIn): DropInContext {
  const environment = readEnvironment();
  const options = resolveOptions(guard, environment, { gate: "auto", expect: "environment" });
  const ports = { ...processPorts(), registry: processRegistry() };
  const gate = resolveGate(options, environment, ports);
  const inKubernetes = variable(environment, "KUBERNETES_SERVICE_HOST") !== undefined;
  const guarding = gate.gate !== undefined || options.expectation !== undefined || options.explicit;
  options.warnings.forEach(warnOnce);
  if (inKubernetes && gate.gate === undefined && options.expectation === undefined) warnOnce(UNPROTECTED);
  return { environment, options, gate, inKubernetes, guarding, ports, copy: copyOf(constructed) };
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
