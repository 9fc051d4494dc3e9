import { ManualClock } from "../../../src/testing/manual-clock.js";
import { readPod } from "./manifest.js";
import { Pod, type PodEvent } from "./pod.js";
import type { RunningProcess, Runtime } from "./runtime.js";

/** What a probe meets: an exit code or a status; `undefined`: no answer ever. */
type Answer = number | undefined;

interface Container extends RunningProcess {
  readonly exit: (exitCode: number) => void;
}

const TERMINATED = 143;
const KILLED = 137;

/**
 * A pod of this kubelet on a clock that the test moves, with containers that do as the test says. Everything that happens is
 * in `lines`, each with its second: `5 start app`, `5 exec check in app`, `5 Ready`, `9 not Ready`.
 */
export class PodOnTrial {
  readonly clock: ManualClock = new ManualClock({ now: 0, turns: 4 });
  readonly lines: string[] = [];
  /** What commands and paths answer, by their text. Default: 0 and 200. */
  readonly answers: Record<string, Answer> = {};
  /** Containers that SIGTERM does not end. */
  readonly stubborn: Set<string> = new Set<string>();
  /** Containers that end with 0 at SIGTERM. */
  readonly graceful: Set<string> = new Set<string>();
  readonly urls: string[] = [];
  readonly environments: Record<string, Readonly<Record<string, string>>> = {};
  readonly ended: Promise<"Succeeded" | "Failed">;
  readonly #pod: Pod;
  readonly #running = new Map<string, Container>();

  /** `spec` is YAML, indented as it likes. */
  constructor(spec: string, metadata = "{ name: app }") {
    const manifest = readPod(`apiVersion: v1\nkind: Pod\nmetadata: ${metadata}\nspec: ${spec}`);
    this.#pod = new Pod(manifest, {
      place: { hostIP: "10.240.0.4", podIP: "10.240.0.30", nodeName: "node", uid: "uid" },
      runtime: this.#runtime(),
      clock: this.clock,
      seen: (event) => this.#see(event),
    });
    this.ended = this.#pod.run();
  }

  async seconds(count: number): Promise<void> {
    await this.clock.advance(count * 1000);
  }

  /** Ends a container by itself. */
  async exit(container: string, exitCode: number): Promise<void> {
    this.#running.get(container)?.exit(exitCode);
    await this.seconds(0);
  }

  /** Begins to end the pod; the clock goes on by the test. */
  terminate(): Promise<void> {
    return this.#pod.terminate();
  }

  /** Lines of these kinds, taken out, so that each is asked about once. */
  take(words: RegExp): string[] {
    return this.lines.splice(0).filter((line) => words.test(line));
  }

  #runtime(): Runtime {
    return {
      start: async ({ name }, { env }) => {
        this.environments[name] = env;
        let resolve = (_exited: { readonly exitCode: number }): void => undefined;
        const promise = new Promise<{ readonly exitCode: number }>((settle) => (resolve = settle));
        const exit = (exitCode: number): void => {
          this.#running.delete(name);
          resolve({ exitCode });
        };
        const kill = (signal: "SIGTERM" | "SIGKILL"): void => {
          this.#say(`${signal} ${name}`);
          if (signal === "SIGKILL") exit(KILLED);
          else if (!this.stubborn.has(name)) exit(this.graceful.has(name) ? 0 : TERMINATED);
        };
        const container = { exited: promise, exit, kill };
        this.#running.set(name, container);
        this.#say(`start ${name}`);
        return container;
      },
      exec: async (inside, command) => {
        const [name] = [...this.#running].find(([, container]) => container === inside) ?? ["nobody"];
        this.#say(`exec ${command.join(" ")} in ${name}`);
        return { exitCode: await this.#answer(command.join(" "), 0) };
      },
      httpGet: async (url) => {
        this.urls.push(url);
        const { pathname } = new URL(url);
        this.#say(`get ${pathname}`);
        return { status: await this.#answer(pathname, 200) };
      },
    };
  }

  async #answer(to: string, usual: number): Promise<number> {
    const answer = to in this.answers ? this.answers[to] : usual;
    return answer ?? (await new Promise<never>(() => undefined));
  }

  #see(event: PodEvent): void {
    if (event.kind === "condition") this.#say(`${event.status ? "" : "not "}${event.condition}`);
    if (event.kind === "container") {
      const { container, state, reason, exitCode, restartCount } = event;
      const how = [reason, exitCode].filter((each) => each !== undefined).join(" ");
      this.#say(`${container} ${state}${how === "" ? "" : ` (${how})`} #${restartCount}`);
    }
    if (event.kind === "probe")
      this.#say(`${event.probe} of ${event.container} ${event.success ? "passed" : "failed"}`);
  }

  #say(what: string): void {
    this.lines.push(`${this.clock.elapsed() / 1000} ${what}`);
  }
}
