import type { Imds } from "./imds.js";
import type { PodDirectory, SimulatedPod } from "./pods.js";
import { podKey } from "./pods.js";
import { createIdentity, isIdentity } from "./simulated-identity.js";
import type { IdentityInit, IdentityRef, SimulatedIdentity } from "./simulated-identity.js";
import type { SimulatedTime } from "./simulated-time.js";

/**
 * An AzureAssignedIdentity: one pod and one identity (aad-pod-identity pkg/apis/aadpodidentity/types.go).
 *
 * @public
 */
export interface Assignment {
  /** `namespace/name` of the pod. */
  readonly pod: string;
  readonly identity: SimulatedIdentity;
  /** Namespace of the AzureIdentity object. */
  readonly namespace: string;
  /** `Created`: MIC has not attached the identity to the node yet. */
  readonly state: "Created" | "Assigned";
}

/** @public */
export interface AssignOptions {
  /**
   * Simulated milliseconds from `Created` to `Assigned`; `Infinity` for a MIC that lacks the permission. On AKS 10 to 20 s
   * on VMs and 40 to 60 s on scale sets. Default 0: assigned when the call returns.
   */
  readonly afterMs?: number | undefined;
  /** Simulated milliseconds until `Created`, while NMI knows of nothing. Default 0. */
  readonly createdAfterMs?: number | undefined;
  /** Whether MIC attaches the identity to the node. `false` for managed mode, where somebody else does. Default `true`. */
  readonly attach?: boolean | undefined;
  /** Simulated milliseconds from `Assigned` until IMDS knows the identity. Default 0. */
  readonly imdsLagMs?: number | undefined;
  /** Namespace of the AzureIdentity object. Default: the pod's. */
  readonly namespace?: string | undefined;
}

interface OpenAssignment {
  readonly pod: SimulatedPod;
  readonly identity: SimulatedIdentity;
  readonly namespace: string;
  readonly attach: boolean;
  readonly ended: AbortController;
  state: "Pending" | "Created" | "Assigned";
}

/**
 * MIC, which assigns identities to pods and attaches them to the node.
 *
 * @public
 */
export class Mic {
  readonly #time: SimulatedTime;
  readonly #pods: PodDirectory;
  readonly #imds: Imds;
  /** Client IDs of what MIC attached to the node; what was there before stays when its pods are gone. */
  readonly #attached = new Set<string>();
  #open: OpenAssignment[] = [];

  /** @internal */
  constructor(time: SimulatedTime, pods: PodDirectory, imds: Imds) {
    this.#time = time;
    this.#pods = pods;
    this.#imds = imds;
  }

  /** What NMI knows, in the order of assignment. */
  get assignments(): readonly Assignment[] {
    return this.#open.flatMap(({ pod, identity, namespace, state }) =>
      state === "Pending" ? [] : [{ pod: podKey(pod), identity, namespace, state }],
    );
  }

  /** @internal */
  assignmentsOf(pod: SimulatedPod): readonly Assignment[] {
    return this.assignments.filter((assignment) => assignment.pod === podKey(pod));
  }

  /**
   * Assigns an identity to a pod (`name` or `namespace/name`), in place of an earlier assignment of the same identity.
   * Returns at once; the delays run on the simulator's clock.
   */
  assign(pod: string, identity: IdentityInit, options: AssignOptions = {}): SimulatedIdentity {
    const assigned = createIdentity(identity);
    const owner = this.#pods.get(pod);
    this.#remove((open) => open.pod === owner && isIdentity(open.identity, assigned));
    const open: OpenAssignment = {
      pod: owner,
      identity: assigned,
      namespace: options.namespace ?? owner.namespace,
      attach: options.attach ?? true,
      ended: new AbortController(),
      state: "Pending",
    };
    this.#open.push(open);
    this.#after(open, options.createdAfterMs ?? 0, () => {
      open.state = "Created";
      this.#after(open, options.afterMs ?? 0, () => {
        open.state = "Assigned";
        if (open.attach) this.#attach(assigned, options.imdsLagMs);
      });
    });
    return assigned;
  }

  /** Takes an identity from a pod, and from the node where MIC attached it and no other pod has it. */
  unassign(pod: string, identity: IdentityRef): void {
    const owner = this.#pods.get(pod);
    this.#remove((open) => open.pod === owner && isIdentity(open.identity, identity));
  }

  /** @internal */
  close(): void {
    for (const { ended } of this.#open) ended.abort();
  }

  #remove(matches: (open: OpenAssignment) => boolean): void {
    const removed = this.#open.filter(matches);
    this.#open = this.#open.filter((open) => !matches(open));
    for (const { ended, identity } of removed) {
      ended.abort();
      const shared = this.#open.some((open) => isIdentity(open.identity, identity));
      if (!shared && this.#attached.delete(identity.clientId.toLowerCase())) this.#imds.detach(identity);
    }
  }

  #attach(identity: SimulatedIdentity, lagMs: number | undefined): void {
    if (this.#imds.isAttached(identity)) return;
    this.#attached.add(identity.clientId.toLowerCase());
    this.#imds.attach(identity, { afterMs: lagMs });
  }

  /** At once for 0, so that a test needs no clock for what takes no time. */
  #after(open: OpenAssignment, ms: number, act: () => void): void {
    if (ms <= 0) act();
    else this.#time.wait(ms, open.ended.signal).then(act, () => undefined);
  }
}
