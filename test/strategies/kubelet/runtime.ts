import type { ContainerSpec } from "./manifest.js";
import type { ResolvedContainer } from "./environment.js";

/** What runs containers for the kubelet. */
export interface Runtime {
  /** Starts a container; resolves once it runs. */
  start(container: ContainerSpec, resolved: ResolvedContainer): Promise<RunningProcess>;
  /** Runs a command in a container to its end, and ends it when `signal` aborts. */
  exec(
    inside: RunningProcess,
    command: readonly string[],
    signal: AbortSignal,
  ): Promise<{ readonly exitCode: number }>;
  /** The status of the answer. Rejects where there is none. */
  httpGet(
    url: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<{ readonly status: number }>;
}

export interface RunningProcess {
  /** 128 and the signal's number where one ended it. */
  readonly exited: Promise<{ readonly exitCode: number }>;
  kill(signal: "SIGTERM" | "SIGKILL"): void;
}
