import type { Cell } from "../cluster.js";
import type { NodeAction } from "../scenario.js";
import { awaitCluster, ClusterError } from "./await-cluster.js";
import { isNmi, RefusedError } from "./choose-node.js";
import type { IdentityPlane, PreparedNode } from "./identity-plane.js";
import type { Kubectl } from "./kubectl.js";
import { isReady, type ListJson, type PodJson } from "./kubernetes-types.js";

/** Of a DaemonSet, what is changed and put back; all else goes through unseen. */
export interface DaemonSetJson {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly updateStrategy?: object;
    readonly template: {
      readonly spec: { readonly affinity?: AffinityJson } & Readonly<Record<string, unknown>>;
    };
  } & Readonly<Record<string, unknown>>;
}

interface AffinityJson {
  readonly nodeAffinity?: {
    readonly requiredDuringSchedulingIgnoredDuringExecution?: {
      readonly nodeSelectorTerms: readonly object[];
    };
  };
}

const MANAGED = "addonmanager.kubernetes.io/mode";

/** Where NMI is. @throws RefusedError where there is not exactly one, or where somebody keeps it as it is. */
export function findNmi(daemonSets: readonly DaemonSetJson[]): DaemonSetJson {
  const found = daemonSets.filter(({ metadata }) => metadata.name === "nmi" || isNmi({ metadata }));
  const [nmi] = found;
  if (nmi === undefined || found.length > 1) {
    throw new RefusedError(`--real-nmi: the cluster has ${found.length} DaemonSets of NMI; one is expected`);
  }
  if (nmi.metadata.labels?.[MANAGED] === "Reconcile") {
    throw new RefusedError(
      `--real-nmi: the add-on manager would undo changes to ${nmi.metadata.namespace}/${nmi.metadata.name}`,
    );
  }
  return nmi;
}

/**
 * The DaemonSet with one node left out. `OnDelete` keeps the pods of all other nodes: the controller ends those that should
 * not run, and does not renew the others for a template that is put back later.
 */
export function without(daemonSet: DaemonSetJson, nodeName: string): DaemonSetJson {
  const { spec } = daemonSet;
  const { affinity = {}, ...others } = spec.template.spec;
  const required = affinity.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  // The terms are alternatives: each of them has to leave the node out.
  const terms = (required?.nodeSelectorTerms ?? [{}]).map(
    (term: { readonly matchFields?: readonly object[] }) => ({
      ...term,
      matchFields: [
        ...(term.matchFields ?? []),
        { key: "metadata.name", operator: "NotIn", values: [nodeName] },
      ],
    }),
  );
  const nodeAffinity = {
    ...affinity.nodeAffinity,
    requiredDuringSchedulingIgnoredDuringExecution: { ...required, nodeSelectorTerms: terms },
  };
  const podSpec = { ...others, affinity: { ...affinity, nodeAffinity } };
  return {
    ...daemonSet,
    spec: { ...spec, updateStrategy: { type: "OnDelete" }, template: { ...spec.template, spec: podSpec } },
  };
}

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
  /** Put back after each cell. */
  readonly original: DaemonSetJson;
  readonly nodeName: string;
  /** How a cell begins where everything is in place, which is how the cluster's own MIC and IMDS are taken to be. */
  readonly ordinary: readonly NodeAction[];
}

/** NMI as the cluster has it, started and stopped on one node. */
export class RealNmi implements IdentityPlane {
  readonly #kubectl: Kubectl;
  readonly #path: string;
  readonly #original: DaemonSetJson;
  readonly #nodeName: string;
  readonly #ordinary: ReadonlySet<string>;
  #wanted: "on" | "off" = "on";

  constructor(kubectl: Kubectl, { original, nodeName, ordinary }: RealNmiOptions) {
    const { namespace, name } = original.metadata;
    this.#kubectl = kubectl;
    this.#path = `/apis/apps/v1/namespaces/${namespace}/daemonsets/${name}`;
    this.#original = original;
    this.#nodeName = nodeName;
    this.#ordinary = new Set(ordinary.filter(isOfCluster).map(keyOf));
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
    const restore = async (): Promise<void> => {
      if (this.#wanted === "on") return;
      try {
        await this.#switch("on");
        await this.#settled();
      } catch (error) {
        throw new ClusterError(`${this.#path} is not as it was; ${this.#remedy()}`, { cause: error });
      }
    };
    try {
      for (const action of given) await this.#apply(action, signal);
      await this.#settled(signal);
    } catch (error) {
      await restore();
      throw error;
    }
    return {
      apply: async (action, until) => await this.#apply(action, until),
      requests: async () => await Promise.resolve(undefined),
      restore,
    };
  }

  #remedy(): string {
    const { namespace, name } = this.#original.metadata;
    const patch = JSON.stringify({ spec: { updateStrategy: this.#original.spec.updateStrategy } });
    const kubectl = `kubectl --namespace ${namespace}`;
    return `put it back: ${kubectl} rollout undo daemonset/${name} && ${kubectl} patch daemonset/${name} --patch '${patch}'`;
  }

  async #apply(action: NodeAction, signal: AbortSignal): Promise<void> {
    const wanted = switchOf(action);
    if (wanted !== undefined && wanted !== this.#wanted) await this.#switch(wanted, signal);
  }

  async #switch(wanted: "on" | "off", signal?: AbortSignal): Promise<void> {
    // Before it is done: a request that was cut off may have arrived.
    this.#wanted = wanted;
    const now = (await this.#kubectl.get(this.#path, signal)) as DaemonSetJson;
    const { updateStrategy, template } = this.#original.spec;
    const changed =
      wanted === "off"
        ? without(now, this.#nodeName)
        : { ...now, spec: { ...now.spec, updateStrategy, template } };
    await this.#kubectl.replace(this.#path, changed, signal);
  }

  /** Its pod on the node is ready, or gone. */
  async #settled(signal?: AbortSignal): Promise<void> {
    const pods = `/api/v1/namespaces/${this.#original.metadata.namespace}/pods`;
    const onNode = `${pods}?fieldSelector=${encodeURIComponent(`spec.nodeName=${this.#nodeName}`)}`;
    const look = async (): Promise<true | undefined> => {
      const { items } = (await this.#kubectl.get(onNode, signal)) as ListJson<PodJson>;
      const found = items.filter((pod) => isNmi(pod));
      const settled = this.#wanted === "on" ? found.some(isReady) : found.length === 0;
      return settled ? true : undefined;
    };
    await awaitCluster(`NMI is not ${this.#wanted}`, look, { signal });
  }
}
