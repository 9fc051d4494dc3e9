import { createHash } from "node:crypto";

/**
 * A managed identity as Azure knows it.
 *
 * @public
 */
export interface SimulatedIdentity {
  /** Name of the Azure resource; last part of `resourceId`. */
  readonly name: string;
  /** Client (application) ID, a GUID. */
  readonly clientId: string;
  /** Object (principal) ID, a GUID: `oid` in tokens. */
  readonly objectId: string;
  /** ARM ID: `xms_mirid` in tokens. */
  readonly resourceId: string;
  /** Tenant ID, a GUID: `tid` in tokens. */
  readonly tenantId: string;
}

/**
 * What to fix of an identity; the rest follows from the name, the same in every run.
 *
 * @public
 */
export type IdentityInit = Partial<SimulatedIdentity>;

/**
 * Names an identity: itself, or its client ID in any case.
 *
 * @public
 */
export type IdentityRef = string | Pick<SimulatedIdentity, "clientId">;

/** A GUID that is always the same for `name`, so that logs and failures of two runs can be compared. */
export function guidOf(name: string): string {
  const hex = createHash("sha256").update(name).digest("hex");
  // 4 and 8 mark the version and the variant of a random GUID, for parsers that look.
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
}

/** The tenant of every identity that names none. */
export const SIMULATED_TENANT_ID: string = guidOf("tenant");

let unnamed = 0;

/**
 * Completes an identity. Calls with the same name give the same identity; without a name each call gives another.
 *
 * @public
 */
export function createIdentity(init: IdentityInit = {}): SimulatedIdentity {
  const name = init.name ?? init.resourceId?.split("/").at(-1) ?? `identity-${++unnamed}`;
  return Object.freeze({
    name,
    clientId: init.clientId ?? guidOf(`client ${name}`),
    objectId: init.objectId ?? guidOf(`object ${name}`),
    resourceId:
      init.resourceId ??
      `/subscriptions/${guidOf("subscription")}/resourcegroups/simulated-node` +
        `/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`,
    tenantId: init.tenantId ?? SIMULATED_TENANT_ID,
  });
}

/** GUIDs and ARM IDs are compared without regard to case everywhere in Azure, except where NMI does not. */
export function sameId(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

export function isIdentity(identity: SimulatedIdentity, ref: IdentityRef): boolean {
  return sameId(identity.clientId, typeof ref === "string" ? ref : ref.clientId);
}
