import { createIdentity, guidOf, isIdentity, sameId, SIMULATED_TENANT_ID } from "./simulated-identity.js";
import type { IdentityInit, IdentityRef, SimulatedIdentity } from "./simulated-identity.js";

/**
 * An application of the directory.
 *
 * @public
 */
export interface ApplicationInit extends IdentityInit {
  /**
   * `managed-identity`: tokens name its ARM ID and live 24 h. `app-registration`: there is no ARM ID, and tokens live 1 h.
   * Default `managed-identity`.
   */
  readonly kind?: "managed-identity" | "app-registration" | undefined;
  /** What it may present as `client_secret`. Default none. */
  readonly secret?: string | undefined;
}

/**
 * An API that tokens are for.
 *
 * @public
 */
export interface ResourceInit {
  /** Which tokens it takes: the resource decides that, not the endpoint. Default `1.0`. */
  readonly version?: "1.0" | "2.0" | undefined;
  /** `aud` of its tokens. Default: the URI as requested for `1.0`, a GUID for `2.0`. */
  readonly audience?: string | undefined;
}

export interface Application {
  readonly identity: SimulatedIdentity;
  readonly kind: "managed-identity" | "app-registration";
  readonly secret: string | undefined;
}

export interface Resource {
  readonly version: "1.0" | "2.0";
  readonly audience: string;
}

const keyOf = (uri: string): string => uri.replace(/\/$/, "").toLowerCase();

/**
 * Tenants, applications and resources that Entra ID knows.
 *
 * @public
 */
export class EntraDirectory {
  readonly #tenants = new Set<string>([SIMULATED_TENANT_ID]);
  /** Resources that are not as usual; `undefined` for one that is not there. */
  readonly #resources = new Map<string, ResourceInit | undefined>();
  #applications: readonly Application[] = [];

  /** In the order of their creation. */
  get applications(): readonly SimulatedIdentity[] {
    return this.#applications.map(({ identity }) => identity);
  }

  /** Adds an application, in place of one with the same client ID, and its tenant where that is new. */
  addApplication(init: ApplicationInit = {}): SimulatedIdentity {
    const { kind = "managed-identity", secret, ...identityInit } = init;
    const identity = createIdentity(identityInit);
    this.removeApplication(identity);
    this.#applications = [...this.#applications, { identity, kind, secret }];
    this.#tenants.add(identity.tenantId.toLowerCase());
    return identity;
  }

  /** Its federated credentials stay, and count again once it is back. */
  removeApplication(application: IdentityRef): void {
    this.#applications = this.#applications.filter(({ identity }) => !isIdentity(identity, application));
  }

  /** Says what is special about a resource. Those that nothing was said about are there, and take tokens of version 1.0. */
  setResource(uri: string, init: ResourceInit): void {
    this.#resources.set(keyOf(uri), init);
  }

  /** The tenant does not know the resource (any more). */
  removeResource(uri: string): void {
    this.#resources.set(keyOf(uri), undefined);
  }

  /** @internal */
  hasTenant(tenant: string): boolean {
    return this.#tenants.has(tenant.toLowerCase());
  }

  /** @internal */
  application(clientId: string, tenant: string): Application | undefined {
    return this.#applications.find(
      ({ identity }) => isIdentity(identity, clientId) && sameId(identity.tenantId, tenant),
    );
  }

  /** @internal */
  resource(uri: string): Resource | undefined {
    const key = keyOf(uri);
    const init = this.#resources.get(key);
    if (init === undefined && this.#resources.has(key)) return undefined;
    const version = init?.version ?? "1.0";
    const audience = init?.audience ?? (version === "1.0" ? uri : guidOf(`resource ${key}`));
    return { version, audience };
  }
}
