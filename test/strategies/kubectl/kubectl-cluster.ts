import { systemClock, type Clock } from "../../../src/clock.js";
import type { Cell, Cluster } from "../cluster.js";
import { REQUEST_KINDS } from "../request-kinds.js";
import type { ScenarioStep } from "../scenario.js";
import type { TimelineEvent } from "../timeline.js";
import { removeAndAwait } from "./await-cluster.js";
import type { IdentityPlane, PreparedNode } from "./identity-plane.js";
import { inTurn, isOfAbort } from "./in-turn.js";
import type { Kubectl } from "./kubectl.js";
import type { PodJson } from "./kubernetes-types.js";
import type { Happening } from "./pod-events.js";
import { placeManifest, type PlacedObject, type Placement } from "./read-manifest.js";
import { watchPod } from "./watch-pod.js";

export interface KubectlClusterOptions {
  readonly plane: IdentityPlane;
  readonly placement: Placement;
  /** What a cell made stays until the next one begins. Default `false`. */
  readonly keep?: boolean | undefined;
  /** Time of the scenarios' steps. Default: the machine's. */
  readonly clock?: Clock | undefined;
}

/** From one count of the node's requests to the next. */
const COUNT_EVERY_MS = 2_000;

/** Runs cells on a cluster, in a namespace that is there already. */
export class KubectlCluster implements Cluster {
  readonly #kubectl: Kubectl;
  readonly #options: KubectlClusterOptions;
  readonly #clock: Clock;
  #leftovers: () => Promise<void> = async () => undefined;

  constructor(kubectl: Kubectl, options: KubectlClusterOptions) {
    this.#kubectl = kubectl;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Ends after `cell.lasts` seconds or with `signal`, whichever is first. */
  async run(cell: Cell, seen: (event: TimelineEvent) => void, signal: AbortSignal): Promise<void> {
    const { plane, placement, keep = false } = this.#options;
    const objects = placeManifest(cell, placement);
    await this.#leftovers();
    let node: PreparedNode | undefined;
    const cleanUp = async (): Promise<void> => {
      this.#leftovers = async () => undefined;
      const made = [...objects].reverse().map(({ collection, name }) => `${collection}/${name}`);
      const ends = made.map((path) => async () => await removeAndAwait(this.#kubectl, path));
      const restore = async (): Promise<void> => await node?.restore();
      await inTurn(plane.isShared ? [restore, ...ends] : [...ends, restore]);
    };
    const work = async (): Promise<void> => {
      try {
        node = await plane.prepare(cell, signal);
        await this.#watch(cell, objects, node, seen, signal);
      } catch (error) {
        // What could not be put back is for a person, cut off or not.
        if (!isOfAbort(error, signal)) throw error;
      }
    };
    const end = async (): Promise<void> => {
      if (keep) this.#leftovers = cleanUp;
      else await cleanUp();
    };
    await inTurn([work, end]);
  }

  async #watch(
    { steps, lasts }: Cell,
    objects: readonly PlacedObject[],
    node: PreparedNode,
    seen: (event: TimelineEvent) => void,
    cutOff: AbortSignal,
  ): Promise<void> {
    const pod = objects.at(-1);
    if (pod === undefined) return;
    for (const { collection, body } of objects.slice(0, -1))
      await this.#kubectl.create(collection, body, cutOff);
    const end = new AbortController();
    const signal = AbortSignal.any([cutOff, end.signal]);
    const started = this.#clock.elapsed();
    const at = (): number => (this.#clock.elapsed() - started) / 1000;
    const tell = (happening: Happening): void => seen({ at: at(), ...happening });
    const created = (await this.#kubectl.create(pod.collection, pod.body, cutOff)) as PodJson;
    const until = async (seconds: number): Promise<void> =>
      await this.#clock.sleep(Math.max(0, seconds - at()) * 1000, signal, { keepAlive: true });

    const followed = async (): Promise<void> => {
      for (const step of [...steps].sort((one, other) => one.at - other.at)) {
        await until(step.at);
        await act(step);
      }
      await until(lasts);
    };
    const act = async ({ step, actions }: ScenarioStep): Promise<void> => {
      tell({ kind: "node", step });
      for (const action of actions) await node.apply(action, signal);
    };
    const counted = async (): Promise<void> => {
      const tellCounts = requestTeller(node, tell);
      while (await tellCounts(signal)) await this.#clock.sleep(COUNT_EVERY_MS, signal);
    };
    const watched = { path: `${pod.collection}/${pod.name}`, uid: created.metadata.uid ?? "" };
    const watching = [watchPod(this.#kubectl, watched, tell, signal), counted()];
    try {
      // Whichever fails first ends all; what watches goes on for ever, unless there is nothing to watch.
      await Promise.race([followed(), ...watching.map(async (each) => await forEver(each))]);
    } finally {
      end.abort();
      await Promise.allSettled(watching);
    }
  }
}

async function forEver(work: Promise<void>): Promise<never> {
  await work;
  return await new Promise<never>(() => undefined);
}

/** Tells what has changed since the last time; `false` where nobody counts. */
function requestTeller(
  node: PreparedNode,
  tell: (happening: Happening) => void,
): (signal: AbortSignal) => Promise<boolean> {
  const told = new Map<string, number>();
  return async (signal) => {
    const counts = await node.requests(signal);
    for (const of of REQUEST_KINDS) {
      const total = counts?.[of] ?? 0;
      if (total === (told.get(of) ?? 0)) continue;
      told.set(of, total);
      tell({ kind: "requests", of, total });
    }
    return counts !== undefined;
  };
}
