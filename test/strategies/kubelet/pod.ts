import type { Clock } from "../../../src/clock.js";
import type { ConditionEvent, ContainerEvent, ProbeEvent } from "../timeline.js";
import { ContainerLife, type ContainerState, type ContainerWorld } from "./container-life.js";
import type { PodPlace } from "./environment.js";
import type { PodManifest } from "./manifest.js";
import { sleepUnlessAborted } from "./probe-worker.js";
import { ManifestError } from "./read-fields.js";
import type { Runtime } from "./runtime.js";

export type PodEvent = ConditionEvent | ContainerEvent | ProbeEvent;

export interface PodOptions {
  readonly place: PodPlace;
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly seen: (event: PodEvent) => void;
}

type Conditions = Record<ConditionEvent["condition"], boolean>;

/** For each at least, however little is left of the grace period: pkg/kubelet/kuberuntime/kuberuntime_container.go. */
const LEAST_GRACE_MS = 2000;

/** A pod on the node: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/ */
export class Pod {
  readonly #manifest: PodManifest;
  readonly #clock: Clock;
  readonly #seen: (event: PodEvent) => void;
  readonly #inits: readonly ContainerLife[];
  readonly #containers: readonly ContainerLife[];
  readonly #conditions: Partial<Conditions> = {};
  #initialized = false;
  #termination: Promise<void> | undefined;

  constructor(manifest: PodManifest, { place, runtime, clock, seen }: PodOptions) {
    checkPorts(manifest);
    this.#manifest = manifest;
    this.#clock = clock;
    this.#seen = seen;
    const world: ContainerWorld = {
      pod: manifest,
      place,
      runtime,
      clock,
      changed: () => this.#tellConditions(),
      state: (life, state) => this.#tellState(life, state),
      probed: (life, probe, success) => seen({ kind: "probe", container: life.spec.name, probe, success }),
    };
    const initPolicy = manifest.restartPolicy === "Never" ? "Never" : "OnFailure";
    this.#inits = manifest.initContainers.map(
      (spec) => new ContainerLife(spec, true, spec.restartPolicy ?? initPolicy, world),
    );
    this.#containers = manifest.containers.map(
      (spec) => new ContainerLife(spec, false, manifest.restartPolicy, world),
    );
  }

  /** Runs the pod until it has come to an end by itself or was terminated: `Succeeded` where nothing failed. */
  async run(): Promise<"Succeeded" | "Failed"> {
    const reason = this.#inits.length > 0 ? "PodInitializing" : "ContainerCreating";
    for (const life of [...this.#inits, ...this.#containers])
      this.#tellState(life, { state: "waiting", reason });
    this.#tellConditions();
    if (!(await this.#initialize()) || this.#termination !== undefined) {
      await this.terminate();
      return "Failed";
    }
    this.#initialized = true;
    this.#tellConditions();
    const exitCodes = await Promise.all(this.#containers.map(async (life) => await life.run()));
    await this.terminate();
    return exitCodes.every((code) => code === 0) ? "Succeeded" : "Failed";
  }

  /** Ends it once, however often it is asked to. */
  async terminate(): Promise<void> {
    this.#termination ??= this.#terminate();
    await this.#termination;
  }

  /** One after another; resolves with whether all have done so. */
  async #initialize(): Promise<boolean> {
    for (const life of this.#inits) {
      if (this.#termination !== undefined) return false;
      const run = life.run();
      if (isSidecar(life)) await Promise.race([life.untilStarted(), run]);
      else if ((await run) !== 0) return false;
    }
    return true;
  }

  /**
   * Ends containers together, and then sidecars one by one, the last first. The grace period is the pod's: each has what others
   * have left of it, and once it is over nobody waits any more.
   * https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#termination-with-sidecars
   */
  async #terminate(): Promise<void> {
    const graceMs = this.#manifest.terminationGracePeriodSeconds * 1000;
    const deadline = this.#clock.elapsed() + graceMs;
    const end = async (life: ContainerLife): Promise<void> =>
      await life.terminate(Math.max(LEAST_GRACE_MS, deadline - this.#clock.elapsed()));
    const ordinary = this.#inits.filter((life) => !isSidecar(life));
    let turn: Promise<unknown> = Promise.all([...ordinary, ...this.#containers].map(end));
    const ended = [turn];
    const allEnded = new AbortController();
    const graceOver = sleepUnlessAborted(this.#clock, graceMs, allEnded.signal);
    for (const sidecar of this.#inits.filter(isSidecar).reverse()) {
      turn = Promise.race([turn, graceOver]).then(async () => await end(sidecar));
      ended.push(turn);
    }
    await Promise.all(ended);
    allEnded.abort();
  }

  #tellState(life: ContainerLife, state: ContainerState): void {
    this.#seen({
      kind: "container",
      container: life.spec.name,
      init: life.init,
      restartCount: life.restartCount,
      ...state,
    });
  }

  /** https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-conditions */
  #tellConditions(): void {
    const serving = [...this.#containers, ...this.#inits.filter(isSidecar)];
    const containersReady = this.#initialized && serving.every(({ ready }) => ready);
    const initialized = this.#initialized || this.#manifest.initContainers.length === 0;
    const now: Conditions = {
      Initialized: initialized,
      ContainersReady: containersReady,
      Ready: containersReady,
    };
    for (const condition of ["Initialized", "ContainersReady", "Ready"] as const) {
      if (this.#conditions[condition] === now[condition]) continue;
      this.#conditions[condition] = now[condition];
      this.#seen({ kind: "condition", condition, status: now[condition] });
    }
  }
}

const isSidecar = ({ spec }: ContainerLife): boolean => spec.restartPolicy === "Always";

/** A probe may name a port, which its container must have. */
function checkPorts({ initContainers, containers }: PodManifest): void {
  for (const container of [...initContainers, ...containers]) {
    for (const probe of ["startupProbe", "readinessProbe", "livenessProbe"] as const) {
      const handler = container[probe]?.handler;
      if (handler?.kind !== "httpGet" || typeof handler.port === "number") continue;
      if (container.ports.some(({ name }) => name === handler.port)) continue;
      throw new ManifestError(
        `${container.name}: ${probe} names a port "${handler.port}" that the container lacks`,
      );
    }
  }
}
