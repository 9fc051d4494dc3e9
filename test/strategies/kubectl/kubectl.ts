import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";

const running = new Set<ChildProcess>();
process.once("exit", () => running.forEach(kill));

/** Two of the reasons kubectl puts in words of its own. */
const WORDS: readonly (readonly [reason: string, words: RegExp])[] = [
  ["Unauthorized", /You must be logged in to the server/u],
  ["Invalid", /^The (?:request|.+ ".*") is invalid/mu],
];

/** `kubectl` said no, or could not be run. */
export class KubectlError extends Error {
  /** The API server's word for it, such as `NotFound` or `Conflict`; undefined where it was not the server that refused. */
  readonly reason: string | undefined;

  constructor(command: readonly string[], stderr: string) {
    const said = stderr.trim().slice(-1000);
    super(`kubectl ${command.join(" ")}: ${said === "" ? "ended without a word" : said}`);
    this.reason =
      /Error from server \((\w+)\)/u.exec(stderr)?.[1] ?? WORDS.find(([, words]) => words.test(stderr))?.[0];
  }
}

export interface KubectlOptions {
  /** Default `kubectl`, searched for on PATH. */
  readonly program?: string;
  /** What kubectl gets of an environment, KUBECONFIG among it: all of it, and nothing else. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Default: the current one. */
  readonly context?: string | undefined;
  /** How long an answer may take that is one piece. Default 30 s. */
  readonly answerMs?: number;
}

export interface Target {
  readonly context: string;
  /** URL of the API server. */
  readonly server: string;
}

/** Credentials are in it as REDACTED. */
interface KubeConfig {
  readonly "current-context"?: string;
  readonly contexts?:
    readonly { readonly name: string; readonly context: { readonly cluster: string } }[] | null;
  readonly clusters?:
    readonly { readonly name: string; readonly cluster: { readonly server: string } }[] | null;
}

/**
 * The Kubernetes API through `kubectl`, for its ways to log in. Paths go to the server as they are (`--raw`): no discovery,
 * no schemas, and the same requests from every version of kubectl.
 */
export class Kubectl {
  readonly #options: KubectlOptions;

  constructor(options: KubectlOptions) {
    this.#options = options;
  }

  /** The same, held to one context: nobody turns a run to another cluster by choosing another context meanwhile. */
  async pinned(): Promise<{ readonly kubectl: Kubectl; readonly target: Target }> {
    const config = JSON.parse(await this.#run(["config", "view", "--output=json"])) as KubeConfig;
    const context = this.#options.context ?? config["current-context"] ?? "";
    const cluster = config.contexts?.find(({ name }) => name === context)?.context.cluster;
    const server = config.clusters?.find(({ name }) => name === cluster)?.cluster.server;
    if (server === undefined) {
      const known = (config.contexts ?? []).map(({ name }) => name).join(", ");
      const wrong = context === "" ? "no context is the current one" : `there is no context "${context}"`;
      throw new KubectlError(
        ["config", "view"],
        `${wrong}; give --context, one of: ${known === "" ? "none" : known}`,
      );
    }
    return { kubectl: new Kubectl({ ...this.#options, context }), target: { context, server } };
  }

  async get(path: string, signal?: AbortSignal): Promise<unknown> {
    return JSON.parse(await this.#run(["get", "--raw", path], { signal })) as unknown;
  }

  async create(path: string, body: object, signal?: AbortSignal): Promise<unknown> {
    const input = JSON.stringify(body);
    return JSON.parse(
      await this.#run(["create", "--raw", path, "--filename=-"], { input, signal }),
    ) as unknown;
  }

  /** Older versions ask for schemas here, although they need none. */
  async replace(path: string, body: object, signal?: AbortSignal): Promise<void> {
    await this.#run(["replace", "--raw", path, "--filename=-", "--validate=false"], {
      input: JSON.stringify(body),
      signal,
    });
  }

  /** What is not there is removed already. */
  async remove(path: string, signal?: AbortSignal): Promise<void> {
    try {
      await this.#run(["delete", "--raw", path], { signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /**
   * Lines of an answer that goes on: a watch, a log. Ends with the answer, or with `signal`, and without an error then. Of an
   * answer that broke off the last line is left out: it may be half a line.
   */
  async *lines(path: string, signal: AbortSignal): AsyncGenerator<string, void> {
    const command = ["get", "--raw", path];
    const child = this.#start(command);
    const stop = (): void => kill(child);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    const ended = endOf(child);
    // It may fail before anybody waits for it; whoever does is told all the same.
    ended.catch(() => undefined);
    const stderr = collected(child.stderr);
    try {
      let rest = "";
      for await (const chunk of child.stdout!.setEncoding("utf8")) {
        const lines = (rest + String(chunk)).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) {
          if (signal.aborted) return;
          yield line;
        }
      }
      const code = await ended;
      if (signal.aborted) return;
      if (code !== 0) throw new KubectlError(command, await stderr);
      if (rest !== "") yield rest;
    } finally {
      signal.removeEventListener("abort", stop);
      stop();
      await ended.catch(() => undefined);
    }
  }

  async #run(
    command: readonly string[],
    { input, signal }: { readonly input?: string; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<string> {
    signal?.throwIfAborted();
    const { answerMs = 30_000 } = this.#options;
    // Not --request-timeout: it goes to the server as a part of the path, and ends no plugin that waits for a login.
    const deadline = AbortSignal.timeout(answerMs);
    const child = this.#start(command);
    const stop = (): void => kill(child);
    for (const each of [deadline, signal]) each?.addEventListener("abort", stop, { once: true });
    try {
      // It may end, and close its input, before it has read all.
      child.stdin?.on("error", () => undefined).end(input ?? "");
      const [code, stdout, stderr] = await Promise.all([
        endOf(child),
        collected(child.stdout),
        collected(child.stderr),
      ]);
      signal?.throwIfAborted();
      if (code === 0) return stdout;
      throw new KubectlError(command, deadline.aborted ? `no answer within ${answerMs / 1000} s` : stderr);
    } finally {
      for (const each of [deadline, signal]) each?.removeEventListener("abort", stop);
    }
  }

  #start(command: readonly string[]): ChildProcess {
    const { program = "kubectl", environment, context } = this.#options;
    const chosen = context === undefined ? [] : [`--context=${context}`];
    // Ctrl-C is for this process to act upon: what it has under way may be what puts a cluster in order again.
    const child = spawn(program, [...command, ...chosen], {
      env: { ...environment },
      stdio: "pipe",
      detached: true,
    });
    running.add(child);
    child.once("close", () => running.delete(child));
    return child;
  }
}

export const isNotFound = (error: unknown): boolean =>
  error instanceof KubectlError && error.reason === "NotFound";

/** Somebody else was faster. */
export const isConflict = (error: unknown): boolean =>
  error instanceof KubectlError && error.reason === "Conflict";

/** The server said no, has changed nothing, and will most likely say so again: one that is only starting may refuse all. */
const FINAL = ["Forbidden", "Unauthorized", "Invalid", "NotFound", "AlreadyExists"];

/** Nothing is to be had by asking again, as it may be of a server that is overloaded, or starting. */
export const isFinal = (error: unknown): boolean =>
  error instanceof KubectlError && error.reason !== undefined && FINAL.includes(error.reason);

/** With what it has started: a plugin for the login would go on, and hold the pipes open. */
function kill(child: ChildProcess): void {
  // Until all of its pipes are closed nobody else's process has its ID.
  if (child.pid === undefined || !running.has(child)) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

async function endOf(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, "exit")) as [number | null];
  return code;
}

async function collected(stream: ChildProcess["stdout"]): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream!) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
