import type { Cell } from "../cluster.js";
import type { NodeAction } from "../scenario.js";
import type { RequestsEvent } from "../timeline.js";
import { awaitCluster, ClusterError, removeAndAwait, troubleOf } from "./await-cluster.js";
import type { IdentityPlane, PreparedNode, RequestCounts } from "./identity-plane.js";
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
  readonly #kubectl: Kubectl;
  readonly #options: SimulatedPlaneOptions;

  constructor(kubectl: Kubectl, options: SimulatedPlaneOptions) {
    this.#kubectl = kubectl;
    this.#options = options;
  }

  whyNot(): undefined {
    return undefined;
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
      await restore();
      throw error;
    }
  }

  async #readyPod(signal: AbortSignal): Promise<string> {
    const pods = `/api/v1/namespaces/${this.#options.namespace}/pods`;
    const name = await awaitCluster(
      "The simulated node is not ready",
      async () => {
        const list = await this.#kubectl.get(
          `${pods}?labelSelector=${encodeURIComponent(SIMULATOR_SELECTOR)}`,
          signal,
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

type Answerer = RequestsEvent["answeredBy"];

class SimulatedNode implements PreparedNode {
  readonly #kubectl: Kubectl;
  readonly #control: string;
  readonly #counts: Record<Answerer, number> = { nmi: 0, imds: 0, health: 0 };
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
    for (const answerer of Object.keys(this.#counts) as Answerer[]) this.#counts[answerer] = 0;
  }

  async requests(signal: AbortSignal): Promise<RequestCounts> {
    const path = `${this.#control}/requests?after=${this.#last}&limit=10000`;
    const { requests } = (await this.#kubectl.get(path, signal)) as {
      readonly requests: readonly { readonly id: number; readonly answeredBy: Answerer }[];
    };
    for (const { id, answeredBy } of requests) {
      this.#counts[answeredBy] += 1;
      this.#last = Math.max(this.#last, id);
    }
    return { ...this.#counts };
  }
}
