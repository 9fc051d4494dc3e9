import type { Cell } from "../cluster.js";
import { REQUEST_KINDS, requestKindOf, type RequestCounts, type RequestKind } from "../request-kinds.js";
import type { NodeAction } from "../scenario.js";
import { awaitCluster, ClusterError, removeAndAwait, troubleOf } from "./await-cluster.js";
import type { IdentityPlane, PreparedNode } from "./identity-plane.js";
import { failAfter } from "./in-turn.js";
import type { Kubectl } from "./kubectl.js";
import { isReady, type ListJson, type PodJson } from "./kubernetes-types.js";
import { isLabelled } from "./read-manifest.js";
import { CONTROL_PORT, SIMULATOR_NAME, SIMULATOR_SELECTOR, simulatorObject } from "./simulator-objects.js";
import type { SimulatorImages, SimulatorPlace } from "./simulator-objects.js";

export interface SimulatedPlaneOptions extends SimulatorPlace {
  readonly images: SimulatorImages;
}

/** The simulated node, a new one for each cell: a DaemonSet of one pod, told what to do through the API server's proxy. */
export class SimulatedPlane implements IdentityPlane {
  readonly isShared = false;
  readonly #kubectl: Kubectl;
  readonly #options: SimulatedPlaneOptions;

  constructor(kubectl: Kubectl, options: SimulatedPlaneOptions) {
    this.#kubectl = kubectl;
    this.#options = options;
  }

  whyNot({ given }: Cell): string | undefined {
    return given.some(({ to }) => to === "arm") ? "there is no Azure Resource Manager to tell" : undefined;
  }

  async prepare(cell: Cell, signal: AbortSignal): Promise<PreparedNode> {
    const { namespace, images } = this.#options;
    const daemonSet = simulatorObject(this.#options, images, isLabelled(cell));
    const collection = `/apis/apps/v1/namespaces/${namespace}/daemonsets`;
    const restore = async (): Promise<void> =>
      await removeAndAwait(this.#kubectl, `${collection}/${SIMULATOR_NAME}`);
    try {
      await this.#kubectl.create(collection, daemonSet, signal);
      const node = new SimulatedNode(this.#kubectl, await this.#readyPod(signal), restore);
      for (const action of cell.given) await node.apply(action, signal);
      await node.startCounting(signal);
      return node;
    } catch (error) {
      return await failAfter(error, restore);
    }
  }

  /** It ends with its namespace. */
  async restore(): Promise<void> {
    await Promise.resolve();
  }

  async #readyPod(signal: AbortSignal): Promise<string> {
    const pods = `/api/v1/namespaces/${this.#options.namespace}/pods`;
    const name = await awaitCluster(
      "The simulated node is not ready",
      async (until) => {
        const list = await this.#kubectl.get(
          `${pods}?labelSelector=${encodeURIComponent(SIMULATOR_SELECTOR)}`,
          until,
        );
        const [pod] = (list as ListJson<PodJson>).items;
        if (pod === undefined) return undefined;
        const trouble = troubleOf(pod);
        if (trouble !== undefined) throw new ClusterError(`The simulated node cannot start: ${trouble}`);
        return isReady(pod) ? pod.metadata.name : undefined;
      },
      { signal },
    );
    return `${pods}/${name}:${CONTROL_PORT}/proxy`;
  }
}

class SimulatedNode implements PreparedNode {
  readonly #kubectl: Kubectl;
  readonly #control: string;
  readonly #counts: Record<RequestKind, number> = { token: 0, route: 0, health: 0 };
  readonly restore: () => Promise<void>;
  #last = 0;

  constructor(kubectl: Kubectl, control: string, restore: () => Promise<void>) {
    this.#kubectl = kubectl;
    this.#control = control;
    this.restore = restore;
  }

  async apply({ to, body }: NodeAction, signal: AbortSignal): Promise<void> {
    await this.#kubectl.create(`${this.#control}/${to}`, body, signal);
  }

  async startCounting(signal: AbortSignal): Promise<void> {
    await this.requests(signal);
    for (const kind of REQUEST_KINDS) this.#counts[kind] = 0;
  }

  async requests(signal: AbortSignal): Promise<RequestCounts> {
    const path = `${this.#control}/requests?after=${this.#last}&limit=10000`;
    const { requests } = (await this.#kubectl.get(path, signal)) as {
      readonly requests: readonly (Parameters<typeof requestKindOf>[0] & { readonly id: number })[];
    };
    for (const request of requests) {
      this.#counts[requestKindOf(request)] += 1;
      this.#last = Math.max(this.#last, request.id);
    }
    return { ...this.#counts };
  }
}
