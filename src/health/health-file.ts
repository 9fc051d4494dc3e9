import { linkSync, lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { threadId } from "node:worker_threads";
import type { Clock } from "../clock.js";
import { warnOnce } from "../logger.js";
import type { ProcessEvents } from "../process-events.js";

/** What a health file goes by. */
export interface HealthFilePorts {
  readonly clock: Clock;
  readonly events: Pick<ProcessEvents, "pid" | "onExit" | "isAlive">;
  isReady(): boolean;
}

/** Whose a file is: of this thread of this process, of another that runs, of one that has ended, or no health file. */
type Owner = "none" | "own" | "other" | "dead" | "foreign";

/** What follows from time alone, such as the expiry of a token, shows after this long at most. */
const TICK_MS = 1_000;

/** Number of the process, and which process of that number it is. Anything else was not written by this library. */
const CONTENT = /^(\d{1,10})\n(\d*)\.(\d+)\n$/u;

/**
 * A file that exists exactly while the process is ready, for exec probes that cost a `test -f`. It holds its owner's
 * number; only the owner removes it, and one of a process that has ended is removed at once, since a stale one would
 * lie. A file system that refuses is told of once and asked again; nothing here ever throws.
 */
export class HealthFile {
  readonly #path: string;
  readonly #ports: HealthFilePorts;
  readonly #content: string;
  readonly #closing = new AbortController();
  readonly #forget: () => void;

  constructor(path: string, ports: HealthFilePorts) {
    this.#path = path;
    this.#ports = ports;
    this.#content = `${ports.events.pid}\n${startOf(ports.events.pid) ?? ""}.${threadId}\n`;
    this.#forget = ports.events.onExit(() => this.close());
    this.update();
    void this.#watch();
  }

  /** Makes the file agree with readiness, now. */
  update(): void {
    if (this.#closing.signal.aborted) return;
    try {
      this.#agree(this.#ports.isReady());
    } catch (error) {
      this.#warn(`cannot be kept: ${codeOf(error)}. Mount a writable volume there, an emptyDir for example`);
    }
  }

  /** Removes the file where it is ours, for good. */
  close(): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#forget();
    try {
      if (this.#owner() === "own") rmSync(this.#path, { force: true });
    } catch {
      // The process ends, or the folder is gone: nobody is left to tell.
    }
  }

  #agree(ready: boolean): void {
    const owner = this.#owner();
    if (owner === "foreign") {
      this.#warn("is there already and is no health file, so probes that look for it say nothing: remove it");
    } else if (owner === "other") {
      if (ready) this.#warn("is kept by another process or thread that runs: give each a path of its own");
    } else if (ready) {
      if (owner === "dead") rmSync(this.#path, { force: true });
      if (owner !== "own") this.#create();
    } else if (owner !== "none") rmSync(this.#path, { force: true });
  }

  /** Whole or not at all, and never over somebody else's. */
  #create(): void {
    const draft = `${this.#path}.${this.#ports.events.pid}.${threadId}`;
    rmSync(draft, { force: true });
    // Exclusive, so that nobody's link in a folder that all may write to is followed.
    writeFileSync(draft, this.#content, { mode: 0o644, flag: "wx" });
    try {
      linkSync(draft, this.#path);
    } catch (error) {
      const code = codeOf(error);
      if (code === "EEXIST") return; // another process was faster; the next turn sees whose it is
      if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(code)) throw error;
      // A file system without hard links, such as Azure Files.
      renameSync(draft, this.#path);
    } finally {
      rmSync(draft, { force: true });
    }
  }

  #owner(): Owner {
    const content = contentOf(this.#path);
    if (content === undefined) return "none";
    if (content === this.#content) return "own";
    const [, number = "", start = ""] = CONTENT.exec(content) ?? [];
    if (number === "") return "foreign";
    const pid = Number(number);
    if (!this.#ports.events.isAlive(pid)) return "dead";
    const running = startOf(pid);
    // The number is taken again soon after a restart, in a container nearly always.
    return running === undefined || start === "" || running === start ? "other" : "dead";
  }

  async #watch(): Promise<void> {
    try {
      for (;;) {
        await this.#ports.clock.sleep(TICK_MS, this.#closing.signal);
        this.update();
      }
    } catch {
      return; // closed
    }
  }

  #warn(what: string): void {
    warnOnce(`The health file ${this.#path} ${what}.`);
  }
}

/** What is in the file, where it can be one of ours; a folder, a device or a long file has nothing for us. */
function contentOf(path: string): string | undefined {
  try {
    const found = lstatSync(path);
    return found.isFile() && found.size <= 100 ? readFileSync(path, "utf8") : "";
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * When the process started, in the kernel's ticks since boot (field 22 of `/proc/<pid>/stat`, proc(5)): with the number
 * it names one process. `undefined` where the system has no /proc.
 */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is a name in parentheses, which may hold anything.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "an unknown error";
}
