import type { Assignment, Mic } from "./mic.js";
import type { NmiSettings } from "./nmi-settings.js";
import { podKey } from "./pods.js";
import type { SimulatedPod } from "./pods.js";
import { sameId } from "./simulated-identity.js";
import type { SimulatedIdentity } from "./simulated-identity.js";
import type { SimulatedTime } from "./simulated-time.js";

/** What a pod's request names; empty strings for what it does not. */
export interface NamedIdentity {
  readonly clientId: string;
  readonly resourceId: string;
}

export type Lookup =
  { readonly identity: SimulatedIdentity } | { readonly problem: string; readonly panic?: boolean };

/** aad-pod-identity pkg/utils, `RedactClientID`: shorter ones are left as they are. */
export function redactClientId(clientId: string): string {
  return clientId.replace(/^(\S{4})[\s\S]*(\S{4})$/, "$1##### REDACTED #####$2");
}

const names = ({ clientId, resourceId }: NamedIdentity): boolean => clientId !== "" || resourceId !== "";

const matches = (
  named: NamedIdentity,
  { identity }: Assignment,
  same: (a: string, b: string) => boolean,
): boolean =>
  named.clientId !== ""
    ? same(identity.clientId, named.clientId)
    : same(identity.resourceId, named.resourceId);

/** Upper and lower case count here, unlike in the wait before it: NMI itself compares in these two ways. */
const exactly = (one: string, other: string): boolean => one === other;

function firstOf(candidates: readonly Assignment[], named: NamedIdentity): SimulatedIdentity | undefined {
  return candidates.find((candidate) => !names(named) || matches(named, candidate, exactly))?.identity;
}

function notFound(named: NamedIdentity): Lookup {
  return { problem: `no azure identity found for request clientID ${redactClientId(named.clientId)}` };
}

/**
 * Standard mode: holds the request while MIC assigns (aad-pod-identity pkg/nmi/standard.go, `GetIdentities`).
 * Rejects when `signal` aborts: the client left.
 */
export async function findAssignedIdentity(
  pod: SimulatedPod,
  named: NamedIdentity,
  sources: { readonly mic: Mic; readonly time: SimulatedTime; readonly settings: () => NmiSettings },
  signal: AbortSignal,
): Promise<Lookup> {
  // NMI takes its flags when it starts; a request keeps those it began with.
  const settings = sources.settings();
  const { findIdentityRetryIntervalMs, retryAttemptsForCreated, retryAttemptsForAssigned } = settings;
  const isWanted = (assignment: Assignment): boolean => !names(named) || matches(named, assignment, sameId);
  const allAttempts = retryAttemptsForCreated + retryAttemptsForAssigned;

  for (let attempt = 0; attempt < allAttempts; attempt += 1) {
    const known = sources.mic.assignmentsOf(pod);
    const assigned = known.filter(({ state }) => state === "Assigned");
    if (assigned.some(isWanted)) return settle(pod, named, assigned, settings);
    const created = known.some((assignment) => assignment.state === "Created" && isWanted(assignment));
    if (!created && attempt >= retryAttemptsForCreated) return gaveUp("CREATED", retryAttemptsForCreated);
    await sources.time.wait(findIdentityRetryIntervalMs, signal);
  }
  return gaveUp("ASSIGNED", allAttempts);

  function gaveUp(state: string, attempts: number): Lookup {
    const who = named.clientId === "" ? "" : `clientID in request: ${redactClientId(named.clientId)}, `;
    const seconds = Math.round(findIdentityRetryIntervalMs / 1000);
    return {
      problem:
        `${who}getting assigned identities for pod ${podKey(pod)} in ${state} state failed after ${attempts} attempts, ` +
        `retry duration [${seconds}]s, error: <nil>. Check MIC pod logs for identity assignment errors`,
    };
  }
}

function settle(
  pod: SimulatedPod,
  named: NamedIdentity,
  assigned: readonly Assignment[],
  { namespaced }: NmiSettings,
): Lookup {
  const usable = namespaced ? assigned.filter(({ namespace }) => namespace === pod.namespace) : assigned;
  const identity = firstOf(usable, named);
  if (identity !== undefined) return { identity };
  // NMI takes the first of an empty list here, and its handler recovers from the panic.
  if (!names(named)) return { problem: "runtime error: index out of range [0] with length 0", panic: true };
  return notFound(named);
}

/** Managed mode: looks once, in the pod's own namespace (aad-pod-identity pkg/nmi/managed.go). */
export function findBoundIdentity(pod: SimulatedPod, named: NamedIdentity, mic: Mic): Lookup {
  const bound = mic
    .assignmentsOf(pod)
    .filter(({ namespace, state }) => namespace === pod.namespace && state === "Assigned");
  const identity = firstOf(bound, named);
  return identity === undefined ? notFound(named) : { identity };
}
