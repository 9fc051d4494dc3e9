import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { build } from "tsup";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { DemoEvent } from "../../src/cli/demo-events.js";
import { demoFacts } from "../../src/cli/demo-facts.js";
import { KEY_VAULT, STORAGE } from "../../src/cli/demo-script.js";
import type { Verdict } from "../../src/cli/demo-verdict.js";

/** Below the project, so that packages are found as they are from dist. */
const temp = join(import.meta.dirname, "../../temp");
let folder = "";

/** As tsup.config.ts has it for the executable. */
const META = { "import.meta.url": "__filename" };

beforeAll(async () => {
  await mkdir(temp, { recursive: true });
  folder = await mkdtemp(join(temp, "demo-"));
  const shared = { config: false, target: "node20", platform: "node", silent: true, outDir: folder } as const;
  await build({
    ...shared,
    entry: { "demo/main": "src/cli/demo.ts", "demo/worker": "src/cli/demo-worker.ts" },
    format: "esm",
    splitting: true,
  });
  await build({ ...shared, entry: { "cli/main": "src/cli/main.ts" }, format: "cjs", define: META });
});

afterAll(async () => await rm(folder, { recursive: true, force: true }));

function start(...argv: readonly string[]): ChildProcess {
  const environment = { ...process.env, FORCE_COLOR: undefined, NO_COLOR: undefined };
  const child = spawn(process.execPath, [join(folder, "cli/main.cjs"), "demo", ...argv], {
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function outcome(child: ChildProcess): Promise<{ code: number | null; out: string; err: string }> {
  const text = { out: "", err: "" };
  child.stdout?.on("data", (chunk: Buffer) => (text.out += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (text.err += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...text };
}

test(
  "shows in under 30 s that the plain SDK stays wrong, and that the guard never is",
  { timeout: 60_000 },
  async () => {
    const child = start("--json");
    const before = performance.now();
    const { code, out, err } = await outcome(child);
    const tookMs = performance.now() - before;
    const lines = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as DemoEvent | (Verdict & { type: "verdict" }));
    const events = lines.filter((line) => line.type !== "verdict");
    const verdict = lines.at(-1);
    const facts = demoFacts(events);
    expect(err).toBe("");
    expect(verdict).toMatchObject({ type: "verdict", kept: true });
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(30_000);

    const pod = facts.start?.pod.objectId;
    const node = facts.start?.node.objectId;
    expect(pod).not.toBe(node);
    const recoveredAt = facts.at("identity-assigned") ?? Infinity;
    const plain = facts.of("plain", KEY_VAULT).tokens;
    expect(plain[0]).toMatchObject({ objectId: node, cached: false });
    const afterwards = plain.filter(({ askedAt }) => askedAt > recoveredAt);
    expect(afterwards.length).toBeGreaterThan(3);
    for (const token of afterwards) expect(token).toMatchObject({ objectId: node, cached: true });
    expect(facts.of("plain", STORAGE).tokens[0]).toMatchObject({ objectId: node, cached: false });

    for (const token of facts.tokens("guarded")) expect(token).toMatchObject({ objectId: pod });
    const requests = facts.requests("guarded", "token");
    expect(requests.map(({ answeredBy, resource }) => `${answeredBy} ${resource ?? ""}`)).toEqual([
      `nmi ${KEY_VAULT}`,
      `nmi ${STORAGE}`,
    ]);
    // A header of a JWT, whoever encoded it.
    expect(out).not.toMatch(/eyJ/u);
  },
);

/** Whether a process with this id is there. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** The processes that `pid` started, from `/proc`; none where there is no such thing. */
async function childrenOf(pid: number): Promise<number[]> {
  const { readFile } = await import("node:fs/promises");
  const list = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
  return list
    .split(" ")
    .filter((id) => id !== "")
    .map(Number);
}

/** Resolves with the children of a demo once both of them have reported. */
async function running(child: ChildProcess): Promise<number[]> {
  const { stdout, pid } = child;
  if (stdout === null || pid === undefined) throw new Error("The demo was not started");
  const seen = new Set<string>();
  for await (const line of createInterface({ input: stdout })) {
    seen.add((JSON.parse(line) as DemoEvent).who);
    if (seen.has("plain") && seen.has("guarded")) break;
  }
  return await childrenOf(pid);
}

const onLinux = process.platform === "linux";

test.runIf(onLinux)("ends with its services on SIGINT, as shells expect", async () => {
  const child = start("--json");
  const services = await running(child);
  expect(services).toHaveLength(2);
  child.stdout?.resume();
  child.kill("SIGINT");
  expect(await once(child, "exit")).toEqual([130, null]);
  expect(services.filter(isAlive)).toEqual([]);
});

test.runIf(onLinux)("leaves no service behind when it is killed", async () => {
  const child = start("--json");
  const services = await running(child);
  expect(services).toHaveLength(2);
  child.kill("SIGKILL");
  await expect.poll(() => services.filter(isAlive), { timeout: 10_000 }).toEqual([]);
});

test.runIf(onLinux)("ends when nobody reads it any more", async () => {
  const child = start("--json");
  const services = await running(child);
  child.stdout?.destroy();
  expect(await once(child, "exit")).toEqual([1, null]);
  expect(services.filter(isAlive)).toEqual([]);
});

test("names an option that it does not know, and exits with 2", async () => {
  const { code, err } = await outcome(start("--nope"));
  expect(code).toBe(2);
  expect(err).toContain("--nope");
});

test("explains itself with --help", async () => {
  const { code, out } = await outcome(start("--help"));
  expect(code).toBe(0);
  expect(out).toContain("azure-identity-guard demo --json");
});
