import { closeSync, openSync, readFileSync, readSync, readdirSync, readlinkSync } from "node:fs";

/** States of Linux in which a thread does nothing: sleeping, dead, stopped. Disk waits (D) are work. */
const AT_REST = new Set(["S", "Z", "X", "T", "t"]);
const buffer = Buffer.alloc(65_536);
/** Lines of these files are shorter, so what leaves more of a page of 4096 bytes empty was the last of it. */
const SHORT = 3072;

/**
 * Watches the processes that came from this one, and theirs: whether all threads of them sleep, by Linux's /proc. They have
 * slept all the while between two looks that found the same number of context switches.
 */
export class ProcessesAtRest implements Disposable {
  readonly #files = new Map<string, number>();
  readonly #root: number;

  constructor(root: number = process.pid) {
    this.#root = root;
  }

  /** Why this cannot be done on a machine; absent where it can. */
  static whyNot(): string | undefined {
    if (process.platform !== "linux") return "only Linux tells by /proc which processes are at rest";
    using processes = new ProcessesAtRest();
    const { pid } = process;
    // Threads of Node.js that have nothing to do.
    return threadsOf(pid).every((thread) => processes.#isQueued(pid, thread))
      ? "this machine does not tell what threads sleep in: /proc/PID/task/TID/wchan says 0 for all"
      : undefined;
  }

  /** What to compare with the next look; `undefined`: somebody works. */
  look(): string | undefined {
    const seen: string[] = [];
    for (const [pid, threads] of this.#processes()) {
      for (const thread of threads) {
        const status = this.#read(`/proc/${pid}/task/${thread}/status`);
        const state = /^State:\t(\w)/mu.exec(status)?.[1];
        // One that is gone in between has told its parent, which is not at rest then.
        if (state === undefined) continue;
        if (!AT_REST.has(state) || (state === "S" && this.#isQueued(pid, thread))) return undefined;
        seen.push(`${thread}:${status.slice(status.indexOf("voluntary_ctxt_switches"))}`);
      }
    }
    return seen.join("");
  }

  /**
   * Whether a thread that calls itself asleep waits for a processor instead: it was about to sleep when another took its place.
   * Linux names what a thread sleeps in unless it is on a run queue (get_wchan of kernel/sched/core.c).
   */
  #isQueued(pid: number, thread: string): boolean {
    return this.#read(`/proc/${pid}/task/${thread}/wchan`) === "0";
  }

  /** Ends them all. */
  kill(): void {
    for (const [pid] of this.#processes()) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended.
      }
    }
  }

  /**
   * Whether something is still under way on a network of theirs: a connection that is not made yet, or bytes that are not
   * acknowledged yet. Each end is in the table of its own network namespace, and a pod's is not the node's. Where others use
   * that network too, `addresses` says which connections are meant.
   */
  underWay(addresses?: readonly string[]): boolean {
    const meant = addresses?.map(asInTable);
    const looked = new Set<string>();
    for (const [pid] of this.#processes()) {
      const network = networkOf(pid);
      if (network === undefined || looked.has(network)) continue;
      looked.add(network);
      if (this.#isUnderWay(pid, meant)) return true;
    }
    return false;
  }

  #isUnderWay(pid: number, meant: readonly string[] | undefined): boolean {
    const lines = TABLES.flatMap((table) => {
      const [, ...rest] = this.#read(`/proc/${pid}/net/${table}`).trimEnd().split("\n");
      return rest;
    });
    return lines.some((line) => {
      const [, local = "", remote = "", state = "", queues = ""] = line
        .replaceAll(MAPPED, "")
        .trim()
        .split(/\s+/u);
      if (meant?.some((address) => local.startsWith(address) || remote.startsWith(address)) === false)
        return false;
      return UNDER_WAY.has(state) || (state !== LISTENS && !queues.startsWith("00000000:"));
    });
  }

  [Symbol.dispose](): void {
    for (const file of this.#files.values()) closeSync(file);
    this.#files.clear();
  }

  /** Each with its threads. */
  *#processes(): Generator<readonly [pid: number, threads: readonly string[]]> {
    const queue = this.#childrenOf(this.#root, threadsOf(this.#root));
    for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
      const threads = threadsOf(pid);
      // Before it may end, when nobody can say any more whose its children were.
      queue.push(...this.#childrenOf(pid, threads));
      yield [pid, threads];
    }
  }

  #childrenOf(pid: number, threads: readonly string[]): number[] {
    return threads.flatMap((thread) => {
      const children = childrenOf(pid, thread);
      return children === "" ? [] : children.split(" ").map(Number);
    });
  }

  /** Keeps files open: to open one costs more than to read it. Empty where the process is gone. */
  #read(path: string): string {
    try {
      let file = this.#files.get(path);
      if (file === undefined) this.#files.set(path, (file = openSync(path, "r")));
      // A read brings a page at most; a short file ends with its first.
      let text = "";
      let count: number;
      do {
        count = readSync(file, buffer, 0, buffer.length, text.length);
        text += buffer.toString("latin1", 0, count);
      } while (count > SHORT);
      return text;
    } catch {
      const file = this.#files.get(path);
      if (file !== undefined) closeSync(file);
      this.#files.delete(path);
      return "";
    }
  }
}

/** A server that listens on all addresses, as those of Node.js do, has its connections in the second one. */
const TABLES = ["tcp", "tcp6"];
/** What an IPv4 address begins with there. */
const MAPPED = "0000000000000000FFFF0000";

/** SYN_SENT, SYN_RECV, FIN_WAIT1, LAST_ACK, CLOSING: include/net/tcp_states.h of Linux. */
const UNDER_WAY = new Set(["02", "03", "04", "09", "0B"]);
const LISTENS = "0A";

/** 127.0.0.1 is 0100007F there. */
function asInTable(address: string): string {
  const bytes = address.split(".").map((byte) => Number(byte).toString(16).padStart(2, "0"));
  return bytes.reverse().join("").toUpperCase();
}

/** The network namespace of a process; `undefined` where it is gone. */
function networkOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined;
  }
}

/**
 * Opened anew each time: an open file of a process that is gone goes on being empty, and would be so for the next process of
 * that number, too, whose children nobody would see then. The other files say that theirs is gone.
 */
function childrenOf(pid: number, thread: string): string {
  try {
    return readFileSync(`/proc/${pid}/task/${thread}/children`, "latin1").trim();
  } catch {
    return "";
  }
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}
