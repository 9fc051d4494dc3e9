import { fork, type ChildProcess } from "node:child_process";
import type { Clock } from "../clock.js";
import { redact } from "../identity/redact.js";
import type { DemoEvent, FromService, Ready, Service, ToService } from "./demo-events.js";

/** A service in a process of its own. */
export interface ServiceProcess {
  /** Resolves when it can be asked. Rejects with a {@link ServiceError} where it cannot start. */
  readonly ready: Promise<Ready>;
  ask(resource: string): void;
  /** Ends it, and resolves when all that it reported has arrived and the process is gone. May be called twice. */
  stop(): Promise<void>;
}

/** A service that could not be started; the message is for people. */
export class ServiceError extends Error {
  static {
    this.prototype.name = "ServiceError";
  }
}

const START_MS = 15_000;
/** Longest wait for a process that was told to end. */
const STOP_MS = 2_000;
/** Of what a process wrote to stderr, the end is kept. */
const MAX_STDERR = 4_096;

/** Starts `worker` as `who`. What it reports goes to `report`; so does an end that nobody asked for. */
export function startService(
  who: Service,
  options: {
    readonly worker: string;
    readonly environment: Readonly<Record<string, string>>;
    /** Has the guarded one serve its status page. */
    readonly page?: boolean;
  },
  ports: { readonly clock: Clock; readonly report: (event: DemoEvent) => void },
): ServiceProcess {
  const { clock, report } = ports;
  const child = fork(options.worker, options.page === true ? [who, "page"] : [who], {
    env: { ...options.environment },
    execArgv: [],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  const stderr = lastWords(child);
  let stopping = false;
  child.on("message", (message: FromService) => {
    if (message.kind === "event") report(message.event);
  });
  const ended = new Promise<void>((resolve) => {
    child.once("error", () => resolve()); // no process came to be
    child.once("exit", (code, signal) => {
      const by = signal ?? `exit code ${code ?? "unknown"}`;
      if (!stopping) report({ who, type: "died", at: clock.now(), by });
      resolve();
    });
  });

  async function started(): Promise<Ready> {
    const first = await within(clock, START_MS, Promise.race([firstMessage(child), ended]));
    if (first?.kind === "ready") return first;
    const said = first?.kind === "unusable" ? first.code : stderr();
    const missing = who === "plain" && NOT_FOUND.includes(said);
    throw new ServiceError(
      missing
        ? "The plain service needs @azure/identity, which is not installed here: npm install @azure/identity"
        : `The ${who} service did not start${said === "" ? "." : `: ${said}`}`,
    );
  }

  async function end(): Promise<void> {
    stopping = true;
    const drained = new Promise<void>((resolve) => {
      child.on("message", ({ kind }: FromService) => {
        if (kind === "stopped") resolve();
      });
    });
    post(child, { kind: "stop" });
    await within(clock, STOP_MS, Promise.race([drained, ended]));
    const gone = await within(
      clock,
      STOP_MS,
      ended.then(() => true),
    );
    if (gone !== true) child.kill("SIGKILL");
    await ended;
  }

  let stopped: Promise<void> | undefined;
  const ready = started();
  ready.catch(() => undefined); // who stops it early never looks
  return {
    ready,
    ask: (resource) => post(child, { kind: "ask", resource }),
    stop: async () => await (stopped ??= end()),
  };
}

/** Codes of a package that is not there, for `import` and `require`. */
const NOT_FOUND: readonly string[] = ["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"];

async function firstMessage(child: ChildProcess): Promise<FromService> {
  return await new Promise((resolve) => child.once("message", (message: FromService) => resolve(message)));
}

function post(child: ChildProcess, message: ToService): void {
  // A process that is gone is told of by its exit.
  if (child.connected) child.send(message, () => undefined);
}

/** What `work` brings; `undefined` where it takes longer than `ms`. */
async function within<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T | undefined> {
  const timer = new AbortController();
  const late = clock.sleep(ms, timer.signal, { keepAlive: true }).then(
    () => undefined,
    () => undefined,
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}

/** The end of what a process wrote to stderr, fit to be shown. */
function lastWords(child: ChildProcess): () => string {
  let text = "";
  child.stderr?.on("data", (chunk: Buffer) => (text = (text + chunk.toString()).slice(-MAX_STDERR)));
  return () => redact(text);
}
