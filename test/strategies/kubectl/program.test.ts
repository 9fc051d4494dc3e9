import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { startControl } from "../../../src/testing/control.js";
import { NodeSimulator } from "../../../src/testing/node-simulator.js";
import { eventually } from "../../integration/support/eventually.js";
import { startFixture, type Running } from "../../integration/support/process.js";
import { SCENARIOS } from "../scenarios.js";
import { Kubectl } from "./kubectl.js";
import { missingKubectl, startCluster, type FakeCluster } from "./kubectl-setup.js";
import { RealNmi } from "./real-nmi.js";

const missing = missingKubectl();
const TEMP = join(import.meta.dirname, "../../../temp");

let folder = "";
let program = "";

beforeAll(async () => {
  await mkdir(TEMP, { recursive: true });
  // As deep as the folder that the script `test:cluster` builds it in: it reads the manifests from there.
  folder = await mkdtemp(join(TEMP, "cluster-"));
  program = join(folder, "run-cluster.js");
  await build({
    entryPoints: [join(import.meta.dirname, "../run-cluster.ts")],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
  });
});

afterAll(async () => await rm(folder, { recursive: true }));

const start = ({ environment }: FakeCluster, ...argv: readonly string[]): Running =>
  startFixture(program, environment, { argv: ["--image", "registry/app:test", ...argv] });

async function withNode(): Promise<FakeCluster> {
  const node = await NodeSimulator.start();
  const control = await startControl(node);
  const cluster = await startCluster({ controlUrl: control.url });
  onTestFinished(async () => {
    await cluster[Symbol.asyncDispose]();
    await control.close();
    await node.close();
  });
  return cluster;
}

describe.skipIf(missing !== undefined)("the program", { timeout: 120_000 }, () => {
  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)("cleans up when it gets %s", async (signal) => {
    const cluster = await withNode();
    const running = start(cluster, "--yes", "--strategy", "nmi-in-code", "--scenario", "in-place");
    await eventually(() => cluster.api.streams === 2);
    running.process.kill(signal);
    const { code, stdout } = await running.ended;
    expect(code).toBe(2);
    expect(stdout).toContain("nmi-in-code, in-place: cut off");
    expect([...cluster.api.objects.keys()]).toEqual(["/api/v1/nodes/node-1"]);
    await eventually(() => cluster.api.streams === 0);
  });

  test("takes signals that come at once, from a terminal and by way of npm, for one", async () => {
    const cluster = await withNode();
    const running = start(cluster, "--yes", "--strategy", "nmi-in-code", "--scenario", "in-place");
    await eventually(() => cluster.api.streams === 2);
    // Two of one kind may arrive as one.
    running.process.kill("SIGINT");
    running.process.kill("SIGTERM");
    expect((await running.ended).code).toBe(2);
    expect([...cluster.api.objects.keys()]).toEqual(["/api/v1/nodes/node-1"]);
  });

  test("cleans up when its terminal is closed, with nobody left to write to", async () => {
    const cluster = await withNode();
    const running = start(cluster, "--yes", "--strategy", "nmi-in-code", "--scenario", "in-place");
    await eventually(() => cluster.api.streams === 2);
    running.process.stdout?.destroy();
    running.process.stderr?.destroy();
    running.process.kill("SIGHUP");
    await eventually(() => cluster.api.changes.some((change) => change.startsWith("DELETE ")));
    // From the shell, after the kernel.
    running.process.kill("SIGHUP");
    expect((await running.ended).code).toBe(2);
    expect([...cluster.api.objects.keys()]).toEqual(["/api/v1/nodes/node-1"]);
  });

  test("does not go on when whoever read it has gone", async () => {
    const cluster = await withNode();
    const argv = ["--yes", "--verbose", "--strategy", "nmi-in-code", "--scenario", "in-place"];
    const running = start(cluster, ...argv);
    await eventually(() => cluster.api.streams === 2);
    running.process.stdout?.destroy();
    const pod = [...cluster.api.objects.keys()].find((path) => path.endsWith("/pods/app"));
    cluster.api.setStatus(pod ?? "", { conditions: [{ type: "Ready", status: "True" }] });
    expect((await running.ended).code).toBe(2);
    expect([...cluster.api.objects.keys()]).toEqual(["/api/v1/nodes/node-1"]);
  });

  test("touches nothing without a terminal to ask on", async () => {
    const cluster = await withNode();
    const { code, stdout } = await start(cluster).ended;
    expect(code).toBe(2);
    expect(stdout).toContain(`Server       ${cluster.api.url}`);
    expect(cluster.api.changes).toEqual([]);
  });

  // Where NMI may be stopped, and nothing else changed: which scenarios are left depends on the identities of the node.
  test.each([
    [[], ["in-place", "nmi-missing", "unlabelled"]],
    [["--system-assigned"], ["in-place-system", "nmi-late"]],
  ])("with the real NMI and %j has the scenarios %j", (flags, scenarios) => {
    const inPlace = flags.length === 0 ? "in-place" : "in-place-system";
    const ordinary = SCENARIOS.find(({ name }) => name === inPlace)!.given;
    const found = { metadata: { name: "nmi", namespace: "nmi" }, spec: { template: { spec: {} } } };
    const real = new RealNmi(new Kubectl({ environment: {} }), {
      found,
      nodeName: "node-1",
      context: "",
      ordinary,
    });
    const able = SCENARIOS.filter(
      (scenario) => real.whyNot({ ...scenario, strategy: "", manifest: "" }) === undefined,
    );
    expect(able.map(({ name }) => name)).toEqual(scenarios);
  });

  test("has the whole matrix", async () => {
    const cluster = await withNode();
    const { code, stdout } = await start(cluster, "--strategy", "nmi").ended;
    expect(code).toBe(2);
    for (const strategy of ["nmi-init", "token-in-code", "sidecar", "shell-wget"])
      expect(stdout).toContain(strategy);
  });
});
