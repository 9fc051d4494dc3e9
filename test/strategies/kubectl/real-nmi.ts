import type { Cell } from "../cluster.js";
import type { NodeAction } from "../scenario.js";
import { awaitCluster, ClusterError, type Waiting } from "./await-cluster.js";
import { isNmi } from "./choose-node.js";
import { checkLeftOut } from "./find-nmi.js";
import type { IdentityPlane, PreparedNode } from "./identity-plane.js";
import { failAfter, messageOf } from "./in-turn.js";
import { isConflict, type Kubectl } from "./kubectl.js";
import { isReady, type DaemonSetJson, type ListJson, type PodJson } from "./kubernetes-types.js";
import { nodeLeftOut, patchCommand, putBack, leaveOut } from "./leave-node-out.js";

/** What the real NMI can be made to do, by `to/action` and `state`. */
const SWITCHES: Readonly<Record<string, "on" | "off">> = {
  "nmi/start": "on",
  "nmi/set-state/active": "on",
  "nmi/set-state/down": "off",
  "nmi/exit-gracefully": "off",
};

function switchOf({ to, body }: NodeAction): "on" | "off" | undefined {
  const { action, state } = body;
  return SWITCHES[[to, action, ...(typeof state === "string" ? [state] : [])].join("/")];
}

/** What a cluster has its own of, and nobody changes here: assigned identities, and what IMDS has. */
const isOfCluster = ({ to }: NodeAction): boolean => to !== "nmi";
const keyOf = ({ to, body }: NodeAction): string => `${to} ${JSON.stringify(body)}`;
/** Without the identities, which are long. */
const wordsOf = (key: string): string =>
  key.replace(/,"(?:identity|objectId|pod)".*$/u, "}").replaceAll('"', "");
const ASSIGN = 'mic {"action":"assign"';

export interface RealNmiOptions {
  /** As it was when the run began. */
  readonly found: DaemonSetJson;
  readonly nodeName: string;
  /** Of kubectl, for the remedy where NMI cannot be put back. */
  readonly context: string;
  /** How a cell begins where everything is in place, which is how the cluster's own MIC and IMDS are taken to be. */
  readonly ordinary: readonly NodeAction[];
}

/** NMI as the cluster has it, started and stopped on one node. */
export class RealNmi implements IdentityPlane {
  readonly isShared = true;
  readonly #kubectl: Kubectl;
  readonly #options: RealNmiOptions;
  readonly #path: string;
  readonly #ordinary: ReadonlySet<string>;
  /** The DaemonSet as it is, or may be, without the node; undefined where the node is not left out. */
  #leftOut: DaemonSetJson | undefined;

  constructor(kubectl: Kubectl, options: RealNmiOptions) {
    const { found, nodeName, ordinary } = options;
    const { namespace, name } = found.metadata;
    this.#kubectl = kubectl;
    this.#options = options;
    this.#path = `/apis/apps/v1/namespaces/${namespace}/daemonsets/${name}`;
    this.#ordinary = new Set(ordinary.filter(isOfCluster).map(keyOf));
    // A run that was cut off may have left it so.
    if (nodeLeftOut(found) === nodeName) this.#leftOut = found;
  }

  whyNot({ given, steps, labelled }: Cell): string | undefined {
    const keys = new Set(given.filter(isOfCluster).map(keyOf));
    // Without its label no pod is assigned an identity, in a cluster by itself.
    const missing = [...this.#ordinary].find(
      (key) => !keys.has(key) && (labelled || !key.startsWith(ASSIGN)),
    );
    const other = [...keys].find((key) => !this.#ordinary.has(key));
    const nmi = given.find((action) => !isOfCluster(action) && switchOf(action) === undefined);
    if (other !== undefined) return `only the simulated node can begin with ${wordsOf(other)}`;
    if (missing !== undefined) return `only the simulated node can begin without ${wordsOf(missing)}`;
    if (nmi !== undefined) return `only the simulated node can begin with ${wordsOf(keyOf(nmi))}`;
    const step = steps.find(({ actions }) => actions.some((each) => switchOf(each) === undefined));
    return step === undefined ? undefined : `only the simulated node can do "${step.step}"`;
  }

  async prepare({ given }: Cell, signal: AbortSignal): Promise<PreparedNode> {
    try {
      for (const action of given) await this.#apply(action, signal);
      await this.#settled(this.#leftOut === undefined ? "on" : "off", { signal });
    } catch (error) {
      return await failAfter(error, async () => await this.restore());
    }
    return {
      apply: async (action, until) => await this.#apply(action, until),
      requests: async () => await Promise.resolve(undefined),
      restore: async () => await this.restore(),
    };
  }

  /** Errors that may pass do not end it: the node would be without NMI for good. */
  async restore(): Promise<void> {
    const { nodeName, context } = this.#options;
    if (this.#leftOut === undefined) return;
    try {
      await this.#takeIn({ persistent: true });
    } catch (error) {
      const remedy = patchCommand(this.#leftOut, nodeName, context);
      throw new ClusterError(`${this.#path} is not as it was (${messageOf(error)}); put it back: ${remedy}`);
    }
    await this.#settled("on", { persistent: true });
  }

  async #apply(action: NodeAction, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const wanted = switchOf(action);
    if (wanted === "on" && this.#leftOut !== undefined) await this.#takeIn();
    if (wanted === "off" && this.#leftOut === undefined) await this.#leaveOut();
  }

  async #leaveOut(): Promise<void> {
    const { nodeName, context } = this.#options;
    await this.#change((now) => {
      checkLeftOut(now, nodeName, context);
      return (this.#leftOut = leaveOut(now, nodeName));
    });
  }

  async #takeIn(waiting?: Waiting): Promise<void> {
    await this.#change((now) => putBack(now, this.#options.nodeName), waiting);
    this.#leftOut = undefined;
  }

  /** To its end, also where the run is cut off: what becomes of half a change nobody can tell. */
  async #change(change: (now: DaemonSetJson) => DaemonSetJson, waiting?: Waiting): Promise<void> {
    const look = async (signal: AbortSignal): Promise<true | undefined> => {
      const now = (await this.#kubectl.get(this.#path, signal)) as DaemonSetJson;
      const changed = change(now);
      try {
        if (changed !== now) await this.#kubectl.replace(this.#path, changed, signal);
        return true;
      } catch (error) {
        // The controller as well writes to it.
        if (isConflict(error)) return undefined;
        throw error;
      }
    };
    await awaitCluster(`${this.#path} cannot be changed, because others change it`, look, waiting);
  }

  /** Its pod on the node is ready, or gone. */
  async #settled(wanted: "on" | "off", waiting: Waiting): Promise<void> {
    const { found, nodeName } = this.#options;
    const pods = `/api/v1/namespaces/${found.metadata.namespace}/pods`;
    const onNode = `${pods}?fieldSelector=${encodeURIComponent(`spec.nodeName=${nodeName}`)}`;
    const look = async (signal: AbortSignal): Promise<true | undefined> => {
      const { items } = (await this.#kubectl.get(onNode, signal)) as ListJson<PodJson>;
      const ofNmi = items.filter((pod) => isNmi(pod));
      const settled = wanted === "on" ? ofNmi.some(isReady) : ofNmi.length === 0;
      return settled ? true : undefined;
    };
    await awaitCluster(`NMI is not ${wanted}`, look, waiting);
  }
}
