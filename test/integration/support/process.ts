import { spawn, type ChildProcess } from "node:child_process";
import { tmpdir } from "node:os";
import { isAbsolute } from "node:path";
import { fileURLToPath } from "node:url";
import { DIST_DIR } from "./dist.js";

/** How a process ended, and everything that it wrote. */
export interface Ended {
  readonly code: number | null;
  /** Set where it was killed. */
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What it has written so far. */
  output(): string;
}

const running = new Set<ChildProcess>();
// A test run that is cut off leaves no process behind.
process.once("exit", () => running.forEach((child) => child.kill("SIGKILL")));

/**
 * Runs a fixture, or the file of an absolute path, in a process of its own. Nothing of this process's environment goes along: what the machine has set
 * would decide what the credentials do.
 */
export function startFixture(
  name: string,
  environment: Readonly<Record<string, string>>,
  options: {
    readonly ipc?: boolean;
    readonly nodeArguments?: readonly string[];
    readonly argv?: readonly string[];
    /** What runs it, where that is not Node.js alone. */
    readonly program?: readonly [file: string, ...rest: string[]];
  } = {},
): Running {
  const file = isAbsolute(name) ? name : fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
  const { program: [program, ...rest] = [process.execPath], nodeArguments = [], argv = [] } = options;
  const child = spawn(program, [...rest, ...nodeArguments, file, ...argv], {
    env: { HOME: tmpdir(), PATH: "", FIXTURE_DIST: DIST_DIR, ...environment },
    stdio: options.ipc === true ? ["ignore", "pipe", "pipe", "ipc"] : ["ignore", "pipe", "pipe"],
    serialization: "json",
  });
  running.add(child);
  const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  child.stdout?.on("data", (chunk: Buffer) => chunks.stdout.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => chunks.stderr.push(chunk));
  const text = (of: "stdout" | "stderr"): string => Buffer.concat(chunks[of]).toString();
  const ended = outcomeOf(child).then(({ code, signal }) => {
    running.delete(child);
    return { code, signal, stdout: text("stdout"), stderr: text("stderr") };
  });
  return { process: child, ended, output: () => text("stdout") + text("stderr") };
}

/** Not the event `close`, which Node.js 20 leaves out where this side ended the message channel. */
async function outcomeOf(child: ChildProcess): Promise<Pick<Ended, "code" | "signal">> {
  const exited = new Promise<Pick<Ended, "code" | "signal">>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
  const written = [child.stdout, child.stderr].map(
    async (stream) => await new Promise((resolve) => stream?.once("close", resolve) ?? resolve(undefined)),
  );
  const [outcome] = await Promise.all([exited, ...written]);
  return outcome;
}

/** Waits for the end; a process that is still there after `limitMs` is killed, which its `signal` tells. */
export async function endWithin({ process: child, ended }: Running, limitMs: number): Promise<Ended> {
  const timer = setTimeout(() => child.kill("SIGKILL"), limitMs);
  try {
    return await ended;
  } finally {
    clearTimeout(timer);
  }
}
