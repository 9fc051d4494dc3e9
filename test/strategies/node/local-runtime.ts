import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { request } from "node:http";
import { constants } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { ResolvedContainer } from "../kubelet/environment.js";
import type { ContainerSpec } from "../kubelet/manifest.js";
import type { RunningProcess, Runtime } from "../kubelet/runtime.js";
import type { Image, NodeOrder } from "./cell-order.js";
import { imageFolder } from "./image-folder.js";

interface LocalProcess extends RunningProcess {
  readonly env: Readonly<Record<string, string>>;
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<{ readonly exitCode: number }>;
}

/**
 * Containers are child processes, in the pod's network. A restart leaves nothing of the one before.
 *
 * Whatever is begun here is begun in turn, when what was begun before has ended or has come to rest: so of two things at the
 * same moment (a probe, and the end of its container for another one) the first is over before the second.
 */
export class LocalRuntime implements Runtime {
  readonly #order: NodeOrder;
  readonly #line: (container: string, line: string) => void;
  readonly #running = new Set<ChildProcess>();
  readonly #folders = new Map<string, string>();
  #turn: Promise<unknown> = Promise.resolve();

  /** `line` is told each line that a container writes to its standard output. */
  constructor(order: NodeOrder, line: (container: string, line: string) => void) {
    this.#order = order;
    this.#line = line;
  }

  async start(container: ContainerSpec, resolved: ResolvedContainer): Promise<RunningProcess> {
    const image = this.#image(container.image);
    const env = { ...this.#environment(container.image, image), ...resolved.env };
    const argv = [...(resolved.command ?? image.entrypoint), ...(resolved.args ?? [])];
    const { begun, atRest } = this.#inTurn(() => {
      const started = this.#spawn(argv, env, ["ignore", "pipe", this.#aside()]);
      const { stdout } = started.child;
      if (stdout !== null) {
        createInterface({ input: stdout }).on("line", (line) => this.#line(container.name, line));
      }
      return started;
    });
    const { child, ended: exited } = await begun;
    await atRest;
    const kill = (signal: "SIGTERM" | "SIGKILL"): void =>
      void this.#inTurn(() => {
        child.kill(signal);
        return { ended: exited };
      });
    const started: LocalProcess = { env, exited, kill };
    return started;
  }

  async exec(
    inside: RunningProcess,
    command: readonly string[],
    signal: AbortSignal,
  ): Promise<{ readonly exitCode: number }> {
    const { env } = inside as LocalProcess;
    const { begun } = this.#inTurn(() => this.#spawn(command, env, ["ignore", this.#aside(), this.#aside()]));
    const { child, ended } = await begun;
    const stop = (): void => end(child);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    try {
      return await ended;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  async httpGet(
    url: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<{ readonly status: number }> {
    const { begun } = this.#inTurn(() => ({ ended: get(url, headers, signal) }));
    return await (
      await begun
    ).ended;
  }

  /** Ends all at once. */
  close(): void {
    for (const child of this.#running) end(child);
  }

  /** Standard error of this process, whose standard output has the events, or nowhere. */
  #aside(): 2 | "ignore" {
    return this.#order.verbose ? 2 : "ignore";
  }

  /** The clock moves when all are at rest: a millisecond of it is the sign, and nothing here takes more. */
  #inTurn<T extends { readonly ended: Promise<unknown> }>(
    begin: () => T,
  ): { readonly begun: Promise<T>; readonly atRest: Promise<void> } {
    const begun = this.#turn.then(begin);
    const atRest = begun.then(async ({ ended }) => {
      await Promise.race([sleep(1), ended.catch(() => undefined)]);
    });
    this.#turn = atRest;
    return { begun, atRest };
  }

  #spawn(argv: readonly string[], env: Readonly<Record<string, string>>, stdio: StdioOptions): Started {
    const [program = "", ...rest] = [...this.#order.place.inPod, ...argv];
    // A group of its own, so that all of a container ends with its first process.
    const child = spawn(program, rest, { env, stdio, detached: true, cwd: this.#order.folder });
    this.#running.add(child);
    return { child, ended: this.#exited(child) };
  }

  async #exited(child: ChildProcess): Promise<{ readonly exitCode: number }> {
    const exitCode = await new Promise<number>((resolve) => {
      // 127: a shell's code for a program that is not there.
      child.once("error", () => resolve(127));
      child.once("exit", (code, signal) =>
        resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
      );
    });
    end(child);
    this.#running.delete(child);
    return { exitCode };
  }

  #image(name: string): Image {
    const image = this.#order.images[name];
    if (image !== undefined) return image;
    throw new Error(
      `Nothing plays the image ${name}; there are ${Object.keys(this.#order.images).join(", ")}`,
    );
  }

  #environment(name: string, image: Image): Record<string, string> {
    const { folder, place } = this.#order;
    let programs = this.#folders.get(name);
    if (programs === undefined) {
      programs = imageFolder(join(folder, `image-${this.#folders.size}`), image);
      this.#folders.set(name, programs);
    }
    const { CELL_CLOCK_FILE = "", CELL_CLOCK_SOCKET = "", NODE_OPTIONS = "" } = process.env;
    return {
      PATH: `${programs}:/usr/local/bin:/usr/bin:/bin`,
      HOME: folder,
      KUBERNETES_SERVICE_HOST: "10.0.0.1",
      KUBERNETES_SERVICE_PORT: "443",
      ...image.env,
      ...place.environment,
      CELL_CLOCK_FILE,
      CELL_CLOCK_SOCKET,
      NODE_OPTIONS,
      UV_THREADPOOL_SIZE: "1",
    };
  }
}

async function get(
  url: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<{ readonly status: number }> {
  return await new Promise((resolve, reject) => {
    const sent = request(url, {
      agent: false,
      headers: { "User-Agent": "kube-probe/1.31", ...headers },
      signal,
    });
    sent.once("error", reject);
    sent.once("response", (response) => {
      response.once("error", reject);
      response.once("end", () => resolve({ status: response.statusCode ?? 0 }));
      response.resume();
    });
    sent.end();
  });
}

/** Ends a process and those it started. */
function end({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // All of them have ended.
  }
}
