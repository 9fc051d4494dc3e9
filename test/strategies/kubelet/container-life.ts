import type { Clock } from "../../../src/clock.js";
import { CrashBackOff } from "./crash-back-off.js";
import { resolveContainer, resolveProbeCommand, type PodPlace } from "./environment.js";
import type { ContainerSpec, PodManifest, RestartPolicy } from "./manifest.js";
import { runProbe, sleepUnlessAborted } from "./probe-worker.js";
import type { ProbeName, ProbeSpec } from "./probe-spec.js";
import type { RunningProcess, Runtime } from "./runtime.js";

/** Where containers of a pod live, and who hears of them. */
export interface ContainerWorld {
  readonly pod: PodManifest;
  readonly place: PodPlace;
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly changed: (life: ContainerLife) => void;
  readonly state: (life: ContainerLife, state: ContainerState) => void;
  readonly probed: (life: ContainerLife, probe: ProbeName, success: boolean) => void;
}

export type ContainerState =
  | { readonly state: "waiting"; readonly reason: string }
  | { readonly state: "running" }
  | { readonly state: "terminated"; readonly reason: "Completed" | "Error"; readonly exitCode: number };

/** How a container ended. */
interface End {
  readonly exitCode: number;
  /** Its startup or liveness probe had it killed. */
  readonly probeFailed: boolean;
}

const RESTARTS: Readonly<Record<RestartPolicy, (end: End) => boolean>> = {
  Always: () => true,
  // The kubelet decides to start again what it kills for a probe before it kills it, and so whatever the exit code
  // (computePodActions of pkg/kubelet/kuberuntime/kuberuntime_manager.go).
  OnFailure: ({ exitCode, probeFailed }) => probeFailed || exitCode !== 0,
  Never: () => false,
};

/** One container from its first start to its last end. */
export class ContainerLife {
  readonly spec: ContainerSpec;
  readonly init: boolean;
  readonly #world: ContainerWorld;
  readonly #policy: RestartPolicy;
  readonly #backOff = new CrashBackOff();
  readonly #waiters = new Set<() => void>();
  readonly #over = new AbortController();
  #starting: Promise<RunningProcess> | undefined;
  #process: RunningProcess | undefined;
  #probeFailed = false;
  #restarts = 0;
  #started = false;
  #ready = false;

  constructor(spec: ContainerSpec, init: boolean, policy: RestartPolicy, world: ContainerWorld) {
    this.spec = spec;
    this.init = init;
    this.#policy = policy;
    this.#world = world;
  }

  get restartCount(): number {
    return this.#restarts;
  }

  /** It runs, and its startup probe, where there is one, has succeeded. */
  get started(): boolean {
    return this.#started;
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** Runs it, again and again where the policy says so; resolves with the exit code that was the last. */
  async run(): Promise<number> {
    for (;;) {
      const began = this.#world.clock.elapsed();
      const exitCode = await this.#runOnce();
      const end: End = { exitCode, probeFailed: this.#probeFailed };
      if (this.#isOver() || !RESTARTS[this.#policy](end)) return exitCode;
      const wait = this.#backOff.after(this.#world.clock.elapsed() - began);
      if (wait > 0) this.#world.state(this, { state: "waiting", reason: "CrashLoopBackOff" });
      await sleepUnlessAborted(this.#world.clock, wait, this.#over.signal);
      if (this.#isOver()) return exitCode;
      this.#restarts += 1;
    }
  }

  #isOver(): boolean {
    return this.#over.signal.aborted;
  }

  /** Resolves once it has started, for the one that comes after a sidecar. */
  async untilStarted(): Promise<void> {
    if (!this.#started) await new Promise<void>((resolve) => this.#waiters.add(resolve));
  }

  /** Ends it for good: SIGTERM, and SIGKILL after that grace. Resolves when it has exited. */
  async terminate(graceMs: number): Promise<void> {
    this.#over.abort();
    const process = this.#process ?? (await this.#starting);
    if (process !== undefined) await this.#kill(process, graceMs);
  }

  async #runOnce(): Promise<number> {
    const { runtime, pod, place } = this.#world;
    this.#starting = runtime.start(this.spec, resolveContainer(this.spec, pod, place));
    const process = await this.#starting;
    this.#starting = undefined;
    this.#process = process;
    this.#probeFailed = false;
    this.#world.state(this, { state: "running" });
    const probes = new AbortController();
    if (!this.#isOver()) this.#probe(process, probes.signal);
    const { exitCode } = await process.exited;
    probes.abort();
    this.#process = undefined;
    this.#set({ started: false, ready: false });
    this.#world.state(this, {
      state: "terminated",
      reason: exitCode === 0 ? "Completed" : "Error",
      exitCode,
    });
    return exitCode;
  }

  /**
   * Readiness and liveness, and their delays, begin when the startup probe has succeeded, as documented for
   * `initialDelaySeconds` (Configure probes). The kubelet itself counts delays from the start of the container
   * (`doProbe` of pkg/kubelet/prober/worker.go), and begins earlier: with no delay where the startup probe took longer.
   * https://github.com/kubernetes/website/issues/42539
   */
  #probe(process: RunningProcess, signal: AbortSignal): void {
    const { startupProbe, readinessProbe, livenessProbe } = this.spec;
    // Of what is to end the kubelet asks for readiness alone (doProbe): nothing is to kill it twice.
    const untilEnd = AbortSignal.any([signal, this.#over.signal]);
    const begin = (): void => {
      this.#set({ started: true, ready: readinessProbe === undefined });
      this.#run("readiness", readinessProbe, false, process, signal, (ready) => this.#set({ ready }));
      this.#run("liveness", livenessProbe, true, process, untilEnd, () => undefined);
    };
    if (startupProbe === undefined) begin();
    else this.#run("startup", startupProbe, undefined, process, untilEnd, (success) => success && begin());
  }

  #run(
    name: ProbeName,
    spec: ProbeSpec | undefined,
    initial: boolean | undefined,
    process: RunningProcess,
    signal: AbortSignal,
    changed: (result: boolean) => void,
  ): void {
    if (spec === undefined) return;
    const { clock, pod } = this.#world;
    const done = new AbortController();
    const stop = (): void => done.abort();
    signal.addEventListener("abort", stop, { once: true });
    void runProbe(
      {
        spec,
        clock,
        initial,
        attempt: async (over) => await this.#attempt(spec, process, over),
        ended: (success) => this.#world.probed(this, name, success),
        changed: (success) => {
          changed(success);
          // One that has said its last word probes no more.
          if (name === "startup" || (name === "liveness" && !success)) stop();
          if (name === "readiness" || success) return;
          this.#probeFailed = true;
          const graceSeconds = spec.terminationGracePeriodSeconds ?? pod.terminationGracePeriodSeconds;
          void this.#kill(process, graceSeconds * 1000);
        },
      },
      done.signal,
    ).finally(() => signal.removeEventListener("abort", stop));
  }

  async #attempt({ handler }: ProbeSpec, process: RunningProcess, signal: AbortSignal): Promise<boolean> {
    const { runtime, place } = this.#world;
    if (handler.kind === "exec") {
      const command = resolveProbeCommand(handler.command, this.spec);
      return (await runtime.exec(process, command, signal)).exitCode === 0;
    }
    const port = this.spec.ports.find(({ name }) => name === handler.port)?.containerPort ?? handler.port;
    const path = handler.path.startsWith("/") ? handler.path : `/${handler.path}`;
    const headers = Object.fromEntries(handler.httpHeaders.map(({ name, value }) => [name, value]));
    const { status } = await runtime.httpGet(
      `http://${handler.host ?? place.podIP}:${port}${path}`,
      headers,
      signal,
    );
    return status >= 200 && status < 400;
  }

  async #kill(process: RunningProcess, graceMs: number): Promise<void> {
    const exited = new AbortController();
    process.kill("SIGTERM");
    const gone = process.exited.then(() => exited.abort());
    await sleepUnlessAborted(this.#world.clock, graceMs, exited.signal);
    if (!exited.signal.aborted) process.kill("SIGKILL");
    await gone;
  }

  #set(next: { readonly started?: boolean; readonly ready?: boolean }): void {
    const { started = this.#started, ready = this.#ready } = next;
    if (started === this.#started && ready === this.#ready) return;
    this.#started = started;
    this.#ready = ready;
    if (started) for (const wake of this.#waiters) wake();
    if (started) this.#waiters.clear();
    this.#world.changed(this);
  }
}
