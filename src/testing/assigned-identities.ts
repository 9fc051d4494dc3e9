import { createIdentity, isIdentity, sameId } from "./simulated-identity.js";
import type { IdentityInit, IdentityRef, SimulatedIdentity } from "./simulated-identity.js";

/** What a request to an identity endpoint names; empty strings for what it does not. */
export interface NamedIds {
  readonly clientId: string;
  readonly objectId: string;
  readonly resourceId: string;
}

/**
 * The identities of an app or a machine.
 *
 * @public
 */
export class AssignedIdentities {
  #userAssigned: readonly SimulatedIdentity[] = [];
  #systemAssigned: SimulatedIdentity | undefined;

  /** @internal */
  constructor(userAssigned: readonly IdentityInit[], systemAssigned: IdentityInit | undefined) {
    for (const identity of userAssigned) this.assign(identity);
    this.setSystemAssigned(systemAssigned);
  }

  /** In the order of their assignment. */
  get userAssigned(): readonly SimulatedIdentity[] {
    return this.#userAssigned;
  }

  /** `undefined` where it is off. */
  get systemAssigned(): SimulatedIdentity | undefined {
    return this.#systemAssigned;
  }

  /** Assigns a user-assigned identity, in place of one with the same client ID. */
  assign(init: IdentityInit): SimulatedIdentity {
    const identity = createIdentity(init);
    this.unassign(identity);
    this.#userAssigned = [...this.#userAssigned, identity];
    return identity;
  }

  /** Tokens that it had stay valid. */
  unassign(identity: IdentityRef): void {
    this.#userAssigned = this.#userAssigned.filter((assigned) => !isIdentity(assigned, identity));
  }

  /** Turns the system-assigned identity on, or off with `undefined`. */
  setSystemAssigned(init: IdentityInit | undefined): SimulatedIdentity | undefined {
    this.#systemAssigned = init === undefined ? undefined : createIdentity(init);
    return this.#systemAssigned;
  }

  /** @internal The one that is named, else the system-assigned one. */
  find({ clientId, objectId, resourceId }: NamedIds): SimulatedIdentity | undefined {
    if (clientId === "" && objectId === "" && resourceId === "") return this.#systemAssigned;
    const all = [
      ...this.#userAssigned,
      ...(this.#systemAssigned === undefined ? [] : [this.#systemAssigned]),
    ];
    return all.find(
      (identity) =>
        sameId(identity.clientId, clientId) ||
        sameId(identity.objectId, objectId) ||
        sameId(identity.resourceId, resourceId),
    );
  }
}
