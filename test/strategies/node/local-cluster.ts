import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { build } from "tsup";
import type { Cell, Cluster } from "../cluster.js";
import { missingPart } from "../missing-part.js";
import type { TimelineEvent } from "../timeline.js";
import { namespacesWork, type NetworkKind } from "./cell-network.js";
import type { CellOrder, Image } from "./cell-order.js";
import { ProcessesAtRest } from "./processes-at-rest.js";

export interface LocalClusterOptions {
  /** What plays the images of the manifests, by their full names. */
  readonly images: Readonly<Record<string, Image>>;
  /** Default: `namespaces` where this user may make them, else `loopback`. */
  readonly network?: NetworkKind;
  /** Standard error of the cells, with what containers and probes write, comes out on this process's. Default `false`. */
  readonly verbose?: boolean;
  /** Real milliseconds that a cell may take. Default 120,000: far more than any should. */
  readonly limitMs?: number;
}

/** Why cells cannot be run on this machine; absent where they can. */
export function missingCells(): string | undefined {
  const reason = ProcessesAtRest.whyNot();
  return reason === undefined ? undefined : missingPart(`cells cannot be run: ${reason}`);
}

const HERE = import.meta.dirname;

/** Programs of every image. What waits in a shell must wait by the cell's clock. */
const STAND_INS: Readonly<Record<string, readonly string[]>> = {
  node: [process.execPath],
  sleep: [process.execPath, join(HERE, "stand-ins/sleep.cjs")],
  wget: [process.execPath, join(HERE, "stand-ins/wget.cjs")],
};

/** Of this process alone: another one may build, or run cells, at the same time. In the project, whose packages it needs. */
const BUILDS = resolve(HERE, "../../../temp/strategies");
const BUILT = join(BUILDS, String(process.pid));

let built: Promise<void> | undefined;

/**
 * Runs cells on this machine, each in a process of its own: a simulated node, a kubelet by its rules, and containers that are
 * child processes, on a virtual clock. Cells do not disturb each other; two for each core keep the machine busy.
 *
 * Linux only: the clock looks at /proc.
 */
export class LocalCluster implements Cluster {
  readonly network: NetworkKind;
  readonly #images: Readonly<Record<string, Image>>;
  readonly #verbose: boolean;
  readonly #limitMs: number;

  constructor({ images, network, verbose = false, limitMs = 120_000 }: LocalClusterOptions) {
    const all = Object.entries(images).map(([name, image]): [string, Image] => [
      name,
      { ...image, programs: { ...STAND_INS, ...image.programs } },
    ]);
    this.#images = Object.fromEntries(all);
    this.#limitMs = limitMs;
    this.network = network ?? (namespacesWork() ? "namespaces" : "loopback");
    this.#verbose = verbose;
  }

  /** Rejects where the cell's process fails, with what it wrote: for example a field of the manifest that is not known. */
  async run(cell: Cell, seen: (event: TimelineEvent) => void, signal: AbortSignal): Promise<void> {
    built ??= bundle();
    await built;
    if (signal.aborted) return;
    const child = spawn(process.execPath, [join(BUILT, "run-cell.mjs")], { stdio: ["pipe", "pipe", "pipe"] });
    // The process takes the end of its input for the end of whoever wants the cell.
    const stop = (): void => void child.stdin.end();
    signal.addEventListener("abort", stop, { once: true });
    child.stdin.on("error", () => undefined);
    child.stdin.write(`${JSON.stringify(this.#order(cell))}\n`);
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4000);
      if (this.#verbose) process.stderr.write(chunk);
    });
    const lines = createInterface({ input: child.stdout });
    lines.on("line", (line) => seen(JSON.parse(line) as TimelineEvent));
    const [exit] = await Promise.all([once(child, "exit"), once(lines, "close")]);
    signal.removeEventListener("abort", stop);
    const [code] = exit as [number | null];
    if (code !== 0 && !isAborted(signal)) {
      throw new Error(`The cell's process ended with ${code ?? "a signal"}: ${said}`);
    }
  }

  #order(cell: Cell): CellOrder {
    return {
      cell,
      images: this.#images,
      network: this.network,
      paths: {
        preload: join(HERE, "virtual-time.cjs"),
        node: join(BUILT, "run-node.mjs"),
      },
      limitMs: this.#limitMs,
      verbose: this.#verbose,
    };
  }
}

const isAborted = ({ aborted }: AbortSignal): boolean => aborted;

/** The cell's processes are programs, and Node.js 20 runs no TypeScript. */
async function bundle(): Promise<void> {
  // A worker of the tests may be killed before it could remove its own.
  mkdirSync(BUILDS, { recursive: true });
  for (const pid of readdirSync(BUILDS)) {
    if (!existsSync(`/proc/${pid}`)) rmSync(join(BUILDS, pid), { recursive: true, force: true });
  }
  await build({
    entry: [join(HERE, "run-cell.ts"), join(HERE, "run-node.ts")],
    outDir: BUILT,
    outExtension: () => ({ js: ".mjs" }),
    format: "esm",
    target: "node20",
    platform: "node",
    config: false,
    silent: true,
    splitting: false,
    skipNodeModulesBundle: true,
  });
}
