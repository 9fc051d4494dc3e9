import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readlinkSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../../integration/support/eventually.js";
import { addressLabel, hasAddress, holdAddress, removalOf } from "./node-address.js";

const LABEL = addressLabel("azure-identity-guard-test-0123abcd");
const OTHER = addressLabel("azure-identity-guard-test-fedc9876");

test("the label is the run's, and short enough for the kernel", () => {
  expect(LABEL).toBe("lo:aig-0123abcd");
  expect(LABEL.length).toBeLessThanOrEqual(15);
  expect(OTHER).not.toBe(LABEL);
});

/** Whether this machine lets a test have interfaces of its own. */
const able = spawnSync("unshare", ["--net", "ip", "link", "set", "lo", "up"]).status === 0;
if (!able)
  console.warn("The script of the address is not run: `unshare --net` needs root, and `ip` iproute2");

const busybox = spawnSync("busybox", ["true"]).status === 0;
if (!busybox) console.warn("The script of the address is not run by busybox, which is not installed here");

const running = new Set<ChildProcess>();
/** With its children: the shell does not outlive a `sleep`, but a `sleep` the shell. */
function killGroup(child: ChildProcess): void {
  running.delete(child);
  try {
    process.kill(-child.pid!, "SIGKILL");
  } catch {
    // Nothing of it is left.
  }
}
process.once("exit", () => running.forEach(killGroup));

interface Script {
  readonly child: ChildProcess;
  /** Its exit code; null where it was killed. */
  readonly ended: Promise<number | null>;
  readonly output: () => string;
}

/** A node: a network namespace that is gone with the test. */
class Node {
  readonly #namespace: string;
  readonly #shell: readonly string[];
  readonly #tools = new Map<string, string>();

  private constructor(namespace: string, shell: readonly string[]) {
    this.#namespace = namespace;
    this.#shell = shell;
    this.tool("timeout", 'shift; "$@"');
    // Nothing is asked of any network.
    this.tool("wget", "exit 1");
  }

  static async start(shell: readonly string[]): Promise<Node> {
    const holder = spawn("unshare", ["--net", "sh", "-c", "ip link set lo up && echo up && exec cat"]);
    onTestFinished(() => void holder.kill("SIGKILL"));
    await once(holder.stdout, "data");
    const namespace = `/proc/${holder.pid}/ns/net`;
    expect(readlinkSync(namespace)).not.toBe(readlinkSync("/proc/self/ns/net"));
    return new Node(namespace, shell);
  }

  /** Has a function in place of one of the tools, in a process of its own as they are: PATH is nothing to busybox. */
  tool(name: string, script: string): void {
    this.#tools.set(name, `${name}() ( ${script}\n)`);
  }

  /** The tool stops before, or after, it has done what begins with `words`, until the gate is opened. */
  async gate(name: string, words: string, when: "before" | "after"): Promise<Gate> {
    const gate = await Gate.make();
    const real = name === "wget" ? "false" : `command ${name} "$@"`;
    const stop = `case "$*" in '${words}'*) ${gate.script} ;; esac`;
    const lines = when === "before" ? [stop, real] : [real, "code=$?", stop, "exit $code"];
    this.tool(name, lines.join("\n"));
    return gate;
  }

  run(script: string): Script {
    const whole = [...this.#tools.values(), script].join("\n");
    const argv = [`--net=${this.#namespace}`, ...this.#shell, "-c", whole];
    const child = spawn("nsenter", argv, {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    running.add(child);
    onTestFinished(() => killGroup(child));
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => (output += String(chunk)));
    // Its `sleep` still has the pipes.
    const ended = once(child, "exit").then(([code]) => code as number | null);
    return { child, ended, output: () => output };
  }

  /** Runs it to its end, and says how it ended. */
  async ends(script: string): Promise<{ readonly code: number | null; readonly output: string }> {
    const { child, ended, output } = this.run(script);
    const closed = once(child, "close");
    const code = await ended;
    await closed;
    return { code, output: output() };
  }

  /** Labels of the address, on all interfaces. */
  labels(): string[] {
    const shown = execFileSync("nsenter", [`--net=${this.#namespace}`, "ip", "addr", "show"], {
      encoding: "utf8",
    });
    return [...shown.matchAll(/inet 169\.254\.169\.254\/32 scope global (\S+)/gu)].map(
      ([, label = ""]) => label,
    );
  }

  async holds(label: string): Promise<void> {
    await eventually(() => this.labels().includes(label));
  }
}

class Gate {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
    execFileSync("mkfifo", [path]);
  }

  static async make(): Promise<Gate> {
    const folder = await mkdtemp(join(tmpdir(), "gate-"));
    onTestFinished(async () => await rm(folder, { recursive: true }));
    return new Gate(join(folder, "gate"));
  }

  get script(): string {
    return `: > ${this.#path}.reached; read _ < ${this.#path}`;
  }

  async reached(): Promise<void> {
    await eventually(() => existsSync(`${this.#path}.reached`));
  }

  async open(): Promise<void> {
    await writeFile(this.#path, "\n");
  }
}

const HOLD = holdAddress(LABEL, false);
const SERVICE = `echo "  HTTP/1.1 404 Not Found" >&2; exit 1`;

const SHELLS = [["sh"], ...(busybox ? [["busybox", "sh"]] : [])];

describe.skipIf(!able).each(SHELLS)("the address, held by %s", { timeout: 60_000 }, (...shell) => {
  const start = async (): Promise<Node> => await Node.start(shell);

  test("is there until SIGTERM", async () => {
    const node = await start();
    expect((await node.ends(hasAddress(LABEL))).code).toBe(1);
    const { child, ended, output } = node.run(HOLD);
    await node.holds(LABEL);
    expect((await node.ends(hasAddress(LABEL))).code).toBe(0);
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
    expect(node.labels()).toEqual([]);
    expect(output()).toBe("");
  });

  test.each([
    ["ip", "addr show", "before"],
    ["wget", "-S", "before"],
    ["ip", "addr add", "before"],
    ["ip", "addr add", "after"],
  ] as const)("does not stay where SIGTERM comes in `%s %s`, %s it is done", async (name, words, when) => {
    const node = await start();
    const gate = await node.gate(name, words, when);
    const { child, ended } = node.run(HOLD);
    await gate.reached();
    child.kill("SIGTERM");
    await gate.open();
    expect(await ended).toBe(0);
    expect(node.labels()).toEqual([]);
  });

  test("is taken over from the same run where that was killed, whoever answers at it", async () => {
    const node = await start();
    const killed = node.run(HOLD);
    await node.holds(LABEL);
    killed.child.kill("SIGKILL");
    await killed.ended;
    expect(node.labels()).toEqual([LABEL]);
    node.tool("wget", SERVICE);
    // It is at rest when it sleeps.
    const gate = await node.gate("sleep", "3600", "before");
    const again = node.run(HOLD);
    await gate.reached();
    expect(node.labels()).toEqual([LABEL]);
    again.child.kill("SIGTERM");
    expect(await again.ended).toBe(0);
    expect(node.labels()).toEqual([]);
  });

  test("is another run's, which is said with the remedy", async () => {
    const node = await start();
    const other = node.run(holdAddress(OTHER, false));
    await node.holds(OTHER);
    const { code, output } = await node.ends(HOLD);
    expect(code).toBe(1);
    expect(output).toContain("the run of namespace azure-identity-guard-test-fedc9876");
    expect(node.labels()).toEqual([OTHER]);
    // That run is gone.
    other.child.kill("SIGKILL");
    await other.ended;
    const remedy = output.trim().split("on the node: ")[1] ?? "";
    expect(remedy).toBe(removalOf(OTHER));
    expect(await node.ends(remedy)).toEqual({ code: 0, output: "" });
    expect(node.labels()).toEqual([]);
  });

  test("is another run's that was faster by a moment", async () => {
    const node = await start();
    node.tool("wget", `command ip addr add 169.254.169.254/32 dev lo label ${OTHER}; exit 1`);
    const { code, output } = await node.ends(HOLD);
    expect(code).toBe(1);
    expect(output).toContain("the run of namespace azure-identity-guard-test-fedc9876");
    expect(node.labels()).toEqual([OTHER]);
  });

  test("is left alone where it is somebody else's", async () => {
    const node = await start();
    await node.ends("ip addr add 169.254.169.254/32 dev lo");
    const { code, output } = await node.ends(HOLD);
    expect(code).toBe(1);
    expect(output.trim()).toBe("This node has 169.254.169.254 already, and not from this test");
    expect(node.labels()).toEqual(["lo"]);
  });

  test("is not added where a metadata service answers, unless that may be hidden", async () => {
    const node = await start();
    node.tool("wget", SERVICE);
    const { code, output } = await node.ends(HOLD);
    expect(code).toBe(1);
    expect(output).toContain("--shadow-metadata");
    expect(node.labels()).toEqual([]);
    node.run(holdAddress(LABEL, true));
    await node.holds(LABEL);
  });
});
