import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { EXECUTABLE } from "../../integration/support/cli.js";
import { eventually } from "../../integration/support/eventually.js";
import { newFolder } from "../../integration/support/folder.js";
import type { Cell } from "../cluster.js";
import type { NodeAction } from "../scenario.js";
import type { TimelineEvent } from "../timeline.js";
import { missingPart } from "../missing-part.js";
import { namespacesWork, type NetworkKind } from "./cell-network.js";
import { LocalCluster, missingCells } from "./local-cluster.js";

const missing = missingCells();
beforeEach(({ skip }) => skip(missing !== undefined, missing));

const NETWORKS: readonly NetworkKind[] = namespacesWork() ? ["namespaces", "loopback"] : ["loopback"];
if (NETWORKS.length < 2) missingPart("network namespaces need root and ip: cells are run on loopback alone");
const IMAGES = {
  app: { entrypoint: [process.execPath, join(import.meta.dirname, "fixtures/app.mjs")] },
  cli: { entrypoint: [], programs: { "azure-identity-guard": [process.execPath, EXECUTABLE] } },
};
const both = { ...IMAGES, app: { ...IMAGES.app, programs: IMAGES.cli.programs } };

const HOST_IP = "{ name: HOST_IP, valueFrom: { fieldRef: { fieldPath: status.hostIP } } }";
const nmi = (action: string, more: object = {}): NodeAction => ({ to: "nmi", body: { action, ...more } });
const NMI_DOWN = nmi("set-state", { state: "down" });
const NMI_ACTIVE = nmi("set-state", { state: "active" });

function cell(spec: string, lasts: number, more: Partial<Cell> = {}): Cell {
  const manifest = `
apiVersion: v1
kind: Pod
metadata: { name: app, labels: { aadpodidbinding: app } }
spec: ${spec}`;
  return { strategy: "test", manifest, labelled: true, given: [], steps: [], lasts, ...more };
}

interface Options {
  readonly network?: NetworkKind;
  readonly signal?: AbortSignal;
  readonly seen?: (event: TimelineEvent) => void;
}

async function run(
  given: Cell,
  { network = NETWORKS[0]!, signal, seen }: Options = {},
): Promise<TimelineEvent[]> {
  const events: TimelineEvent[] = [];
  const cluster = new LocalCluster({ images: both, network });
  await cluster.run(
    given,
    (event) => {
      events.push(event);
      seen?.(event);
    },
    signal ?? new AbortController().signal,
  );
  return events;
}

/** Each as a line with its second; the milliseconds by which starts are told apart are left out. */
const lines = (events: readonly TimelineEvent[]): string[] =>
  events
    .filter(({ kind }) => kind !== "state" && kind !== "requests")
    .map((event) => `${Math.floor(event.at)} ${words(event)}`);

function words(event: TimelineEvent): string {
  switch (event.kind) {
    case "node":
      return event.step;
    case "container":
      return `${event.container} ${event.reason ?? event.state}`;
    case "condition":
      return `${event.status ? "" : "not "}${event.condition}`;
    case "token":
      return `token ${event.identity}`;
    case "probe":
      return `${event.probe} ${event.success ? "passed" : "failed"}`;
    case "state":
      return `${event.lane} ${event.value}`;
    case "requests":
      return `${event.of} ${event.total}`;
  }
}

const CHECK = "exec: { command: [azure-identity-guard, check, nmi, --timeout, 2s] }, timeoutSeconds: 2";
const NMI_COMES_AND_GOES = cell(
  `
  initContainers:
    - { name: wait, image: cli, command: [azure-identity-guard, wait, nmi], env: [${HOST_IP}] }
  containers:
    - name: app
      image: app
      env: [${HOST_IP}]
      readinessProbe: { ${CHECK}, periodSeconds: 5, failureThreshold: 1 }
      livenessProbe: { ${CHECK}, initialDelaySeconds: 30, periodSeconds: 5, failureThreshold: 5 }`,
  95,
  {
    given: [NMI_DOWN],
    steps: [
      { at: 18, step: "NMI starts", actions: [NMI_ACTIVE] },
      { at: 62, step: "NMI crashes", actions: [nmi("crash")] },
    ],
  },
);

const NMI_COMES_AND_GOES_LINES = [
  "0 not Initialized",
  "0 not ContainersReady",
  "0 not Ready",
  "18 NMI starts",
  "18 Initialized",
  "18 token right",
  "18 ContainersReady",
  "18 Ready",
  "62 NMI crashes",
  "62 token none",
  "63 not ContainersReady",
  "63 not Ready",
  "83 app Completed",
];

describe.each(NETWORKS)("in %s", (network) => {
  test("a pod waits for NMI, is ready with it, and is restarted long after it has gone", async () => {
    const events = await run(NMI_COMES_AND_GOES, { network });
    const told = lines(events).filter((line) => /NMI|Ready|Initialized|token|app Completed/u.test(line));
    expect(told).toEqual(NMI_COMES_AND_GOES_LINES);
    const states = events.filter(({ kind }) => kind === "state");
    expect(states.map((event) => `${Math.floor(event.at)} ${words(event)}`)).toEqual([
      "0 nmi down",
      "0 gate closed",
      "18 nmi active",
      "18 gate open",
      "62 nmi crashed",
      "62 gate closed",
    ]);
    const asked = events.filter((event) => event.kind === "requests").map((event) => event.of);
    expect(new Set(asked)).toEqual(new Set(["token", "route", "health"]));
  });

  test("a pod without the label has no identity by NMI", async () => {
    const events = await run(cell("{ containers: [{ name: app, image: app }] }", 3, { labelled: false }), {
      network,
    });
    expect(lines(events).filter((line) => line.includes("token"))).toEqual(["0 token none"]);
  });

  test("a sidecar is probed over HTTP, and its readiness is the pod's", async () => {
    const serve = "azure-identity-guard, serve, --port, '8086'";
    const probe = "httpGet: { path: /readyz, port: 8086 }, periodSeconds: 5, failureThreshold: 1";
    const spec = `
  initContainers:
    - { name: guard, image: cli, restartPolicy: Always, command: [${serve}], env: [${HOST_IP}], readinessProbe: { ${probe} } }
  containers: [{ name: app, image: app, command: [sleep, infinity] }]`;
    const steps = [
      { at: 12, step: "NMI crashes", actions: [nmi("crash")] },
      { at: 32, step: "NMI starts", actions: [NMI_ACTIVE] },
    ];
    const told = lines(await run(cell(spec, 50, { steps }), { network })).filter((line) =>
      / (?:not )?Ready/u.test(line),
    );
    expect(told).toEqual(["0 not Ready", "0 Ready", "15 not Ready", "35 Ready"]);
  });
});

// As documented. The kubelet itself would wait 0 s twice and then 10 s, 20 s: see CrashBackOff.
test("a container that liveness kills again and again is restarted after 0 s, 10 s, 20 s", async () => {
  const probe = "httpGet: { port: 8086 }, periodSeconds: 1, failureThreshold: 1";
  const spec = `{ containers: [{ name: app, image: app, env: [{ name: HEALTHY_FOR, value: "5" }], livenessProbe: { ${probe} } }] }`;
  const told = lines(await run(cell(spec, 55))).filter((line) => / app (?:running|Crash)/u.test(line));
  expect(told).toEqual([
    "0 app running",
    "5 app running",
    "10 app CrashLoopBackOff",
    "20 app running",
    "25 app CrashLoopBackOff",
    "45 app running",
    "50 app CrashLoopBackOff",
  ]);
});

test("a shell waits by the cell's clock, and by the status alone", async () => {
  const script = "until wget -qO- http://$HOST_IP:8085/healthz; do sleep 5; done";
  const spec = `
  initContainers: [{ name: wait, image: cli, command: [sh, -c, "${script}"], env: [${HOST_IP}] }]
  containers: [{ name: app, image: app }]`;
  const steps = [
    { at: 12, step: "NMI starts, not active", actions: [nmi("set-state", { state: "not-active" })] },
  ];
  const events = await run(cell(spec, 20, { given: [NMI_DOWN], steps }));
  expect(lines(events).filter((line) => /\d Initialized/u.test(line))).toEqual(["15 Initialized"]);
});

test("cells at the same time do not disturb each other, and all go the same way", async () => {
  const [first, ...others] = await Promise.all(
    Array.from({ length: 4 }, async (_, index) => {
      return await run(NMI_COMES_AND_GOES, { network: NETWORKS[index % NETWORKS.length]! });
    }),
  );
  for (const other of others) expect(other).toEqual(first);
});

test("a field that this kubelet does not know ends the cell with its name", async () => {
  await expect(run(cell("{ hostNetwork: true, containers: [] }", 1))).rejects.toThrow("spec.hostNetwork");
});

test("an image that nobody plays ends the cell with its name", async () => {
  await expect(run(cell("{ containers: [{ name: app, image: other }] }", 1))).rejects.toThrow("image other");
});

describe.each(NETWORKS)("what is left in %s", (network) => {
  /** A container that says in which network it is, and has a process beside its first. */
  const marked = (file: string, lasts: number): Cell =>
    cell(
      `{ containers: [{ name: app, image: app, command: [sh, -c, "readlink /proc/self/ns/net > $FILE; sleep infinity; true"], env: [{ name: FILE, value: ${file} }] }] }`,
      lasts,
    );

  test("after a cell is nothing", async () => {
    await using folder = await newFolder();
    const file = join(folder.path, "network");
    await run(marked(file, 5), { network });
    expect(nothingLeft(file)).toBe(true);
  });

  test("after one that was called off is nothing", async () => {
    await using folder = await newFolder();
    const file = join(folder.path, "network");
    const controller = new AbortController();
    const seen = (event: TimelineEvent): void => {
      if (event.kind === "container" && event.state === "running") controller.abort();
    };
    await run(marked(file, 1e6), { network, seen, signal: controller.signal });
    expect(nothingLeft(file)).toBe(true);
  });

  test("one that was killed leaves nothing that the next does not remove", async () => {
    await using folder = await newFolder();
    const file = join(folder.path, "network");
    const seen = (event: TimelineEvent): void => {
      if (event.kind === "container" && event.state === "running") killCells();
    };
    await expect(run(marked(file, 1e6), { network, seen })).rejects.toThrow("ended with a signal");
    await run(cell("{ containers: [{ name: app, image: app }] }", 1), { network });
    await eventually(() => nothingLeft(file));
  });
});

function nothingLeft(file: string): boolean {
  const wasIn = readFileSync(file, "utf8").trim();
  expect(wasIn).toMatch(/^net:\[\d+\]$/u);
  const folder = "/run/netns";
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const there = names.some((name) => `net:[${inode(join(folder, name)) ?? ""}]` === wasIn);
  return !there && processesWith("environ", file).length === 0;
}

/** Kills the processes of this test's cells, so that they can take nothing away. */
function killCells(): void {
  const cells = processesWith("cmdline", "run-cell.mjs").filter((pid) => {
    return readFileSync(`/proc/${pid}/status`, "utf8").includes(`PPid:\t${process.pid}\n`);
  });
  for (const pid of cells) process.kill(pid, "SIGKILL");
}

function processesWith(what: "cmdline" | "environ", text: string): readonly number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/u.test(name));
  return pids.map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/${what}`, "utf8").includes(text);
    } catch {
      // It has ended meanwhile.
      return false;
    }
  });
}

function inode(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}
