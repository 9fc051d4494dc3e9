/**
 * A pod on the simulated node.
 *
 * @public
 */
export interface PodInit {
  readonly name: string;
  /** Default `default`. */
  readonly namespace?: string | undefined;
  /** Source addresses of its connections. Without any, the pod is every source that no other pod has. */
  readonly addresses?: readonly string[] | undefined;
  /** Covered by an AzurePodIdentityException: NMI sends its requests straight to IMDS. Default `false`. */
  readonly excepted?: boolean | undefined;
  /** On the node's own network, which the DNAT rule does not cover: always answered by IMDS. Default `false`. */
  readonly hostNetwork?: boolean | undefined;
}

/** @public */
export interface SimulatedPod {
  readonly name: string;
  readonly namespace: string;
  /** `undefined`: every source that no other pod has. */
  readonly addresses: readonly string[] | undefined;
  readonly excepted: boolean;
  readonly hostNetwork: boolean;
}

/** `namespace/name`. */
export function podKey(pod: Pick<SimulatedPod, "namespace" | "name">): string {
  return `${pod.namespace}/${pod.name}`;
}

/** The pods of the node, told apart by source address, as NMI tells them. */
export class PodDirectory {
  readonly all: readonly SimulatedPod[];

  constructor(pods: readonly PodInit[]) {
    this.all = pods.map((pod) => ({
      name: pod.name,
      namespace: pod.namespace ?? "default",
      addresses: pod.addresses,
      excepted: pod.excepted ?? false,
      hostNetwork: pod.hostNetwork ?? false,
    }));
  }

  /** All pods with that address: more than one is possible, and an error, in Kubernetes too. */
  at(sourceAddress: string): readonly SimulatedPod[] {
    const exact = this.all.filter(({ addresses }) => addresses?.includes(sourceAddress) === true);
    return exact.length > 0 ? exact : this.all.filter(({ addresses }) => addresses === undefined);
  }

  isOnHostNetwork(sourceAddress: string): boolean {
    return this.at(sourceAddress).some(({ hostNetwork }) => hostNetwork);
  }

  get anyOnHostNetwork(): boolean {
    return this.all.some(({ hostNetwork }) => hostNetwork);
  }

  /** By `namespace/name`, or by the name alone. */
  find(pod: string): SimulatedPod | undefined {
    return this.all.find((candidate) => candidate.name === pod || podKey(candidate) === pod);
  }

  /** @throws Error with the names that exist. */
  get(pod: string): SimulatedPod {
    const found = this.find(pod);
    if (found !== undefined) return found;
    const names = this.all.map(podKey).join(", ");
    throw new Error(`No pod "${pod}" on the simulated node; its pods are ${names === "" ? "none" : names}`);
  }
}
