import type { Clock } from "../../../src/clock.js";
import type { ConditionEvent, ContainerEvent, ProbeEvent } from "../timeline.js";
import { ContainerLife, type ContainerState, type ContainerWorld } from "./container-life.js";
import type { PodPlace } from "./environment.js";
import type { PodManifest } from "./manifest.js";
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

/** A pod on the node: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/ */
export class Pod {
  readonly #manifest: PodManifest;
  readonly #seen: (event: PodEvent) => void;
  readonly #inits: readonly ContainerLife[];
  readonly #containers: readonly ContainerLife[];
  readonly #conditions: Partial<Conditions> = {};
  #initialized = false;
  #terminating = false;

  constructor(manifest: PodManifest, { place, runtime, clock, seen }: PodOptions) {
    checkPorts(manifest);
    this.#manifest = manifest;
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
    if (!(await this.#initialize())) {
      await this.terminate();
      return "Failed";
    }
    this.#initialized = true;
    this.#tellConditions();
    const exitCodes = await Promise.all(this.#containers.map(async (life) => await life.run()));
    await this.#endSidecars();
    return exitCodes.every((code) => code === 0) ? "Succeeded" : "Failed";
  }

  /**
   * Ends containers together, and then sidecars one by one, the last first.
   * https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#sidecar-containers-and-pod-lifecycle
   */
  async terminate(): Promise<void> {
    this.#terminating = true;
    const ordinary = this.#inits.filter((life) => !isSidecar(life));
    await Promise.all([...ordinary, ...this.#containers].map(async (life) => await life.terminate()));
    await this.#endSidecars();
  }

  /** One after another; resolves with whether containers may start. */
  async #initialize(): Promise<boolean> {
    for (const life of this.#inits) {
      if (this.#terminating) return false;
      const run = life.run();
      if (isSidecar(life)) await Promise.race([life.untilStarted(), run]);
      else if ((await run) !== 0) return false;
    }
    return !this.#terminating;
  }

  async #endSidecars(): Promise<void> {
    for (const life of this.#inits.filter(isSidecar).reverse()) await life.terminate();
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
