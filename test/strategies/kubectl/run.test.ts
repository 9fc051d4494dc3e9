import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { startControl } from "../../../src/testing/control.js";
import { ManualClock } from "../../../src/testing/manual-clock.js";
import { manifestOf } from "../variants.js";
import { APP_IDENTITY } from "../scenarios.js";
import { NodeSimulator } from "../../../src/testing/node-simulator.js";
import { eventually } from "../../integration/support/eventually.js";
import type { NodeAction } from "../scenario.js";
import type { Timeline } from "../timeline.js";
import type { ApiRequest, FakeApiHooks, FakeApiServer } from "./fake-api-server.js";
import { missingKubectl, startCluster, type FakeCluster } from "./kubectl-setup.js";
import type { DaemonSetJson } from "./kubernetes-types.js";
import { leaveOut } from "./leave-node-out.js";
import type { CheckedCell } from "./run-cells.js";
import { runOnCluster, type Surroundings } from "./run.js";

const missing = missingKubectl();
if (missing !== undefined) console.warn(`Runs on a cluster are not tested: ${missing}`);

const MANIFEST = `
apiVersion: v1
kind: ServiceAccount
metadata: { name: app }
---
apiVersion: v1
kind: Pod
metadata: { name: app, labels: { aadpodidbinding: app } }
spec:
  serviceAccountName: app
  containers:
    - name: app
      image: my-app:1.0.0
`;

const ORDINARY: readonly NodeAction[] = [
  { to: "imds", body: { action: "attach", identity: { name: "kubelet" } } },
  { to: "nmi", body: { action: "set-state", state: "active" } },
];

const CELL: CheckedCell = {
  strategy: "nmi-in-code",
  scenario: "nmi-exits",
  application: "guarded",
  manifest: MANIFEST,
  labelled: true,
  given: ORDINARY,
  steps: [{ at: 20, step: "NMI exits", actions: [{ to: "nmi", body: { action: "exit-gracefully" } }] }],
  lasts: 40,
  check: () => [],
};
const IN_PLACE: CheckedCell = { ...CELL, scenario: "in-place", steps: [], lasts: 10 };

const running = (ready: boolean): object => ({
  conditions: [
    { type: "Initialized", status: "True" },
    { type: "Ready", status: ready ? "True" : "False" },
  ],
  containerStatuses: [{ name: "app", restartCount: 0, state: { running: {} } }],
});

/** A simulated node behind the API server's proxy, as the DaemonSet would have it. */
async function withNode(hooks: FakeApiHooks = {}): Promise<FakeCluster & { readonly node: NodeSimulator }> {
  const node = await NodeSimulator.start();
  const control = await startControl(node);
  const cluster = await startCluster({ ...hooks, controlUrl: control.url });
  onTestFinished(async () => {
    await cluster[Symbol.asyncDispose]();
    await control.close();
    await node.close();
  });
  return { ...cluster, node };
}

/** A check that finds no fault, and what it was given. */
function collecting(): { readonly timelines: readonly Timeline[]; readonly check: CheckedCell["check"] } {
  const timelines: Timeline[] = [];
  const check = (timeline: Timeline): readonly string[] => {
    timelines.push(timeline);
    return [];
  };
  return { timelines, check };
}

interface Run {
  readonly code: Promise<0 | 1 | 2>;
  readonly clock: ManualClock;
  readonly cutOff: AbortController;
  readonly said: () => string;
}

function run(
  cluster: FakeCluster,
  argv: readonly string[],
  { cells = [CELL], ask }: Partial<Pick<Surroundings, "cells" | "ask">> = {},
): Run {
  const clock = new ManualClock();
  const cutOff = new AbortController();
  const lines: string[] = [];
  const code = runOnCluster(["--image", "my-registry/app:test", "--verbose", ...argv], {
    cells,
    environment: cluster.environment,
    say: (text) => lines.push(text),
    ask,
    signal: cutOff.signal,
    clock,
  });
  return { code, clock, cutOff, said: () => lines.join("\n") };
}

const namespaceIn = (api: FakeApiServer): string => {
  const path = [...api.objects.keys()].find((key) => /^\/api\/v1\/namespaces\/[^/]+$/u.test(key));
  return path?.split("/").at(-1) ?? "";
};

/** What there was before. */
const NODE_ALONE = ["/api/v1/nodes/node-1"];

describe.skipIf(missing !== undefined)("a run on a cluster", { timeout: 120_000 }, () => {
  test("makes a node and a pod, tells what becomes of the pod, and leaves nothing", async () => {
    const folder = await mkdtemp(join(tmpdir(), "timelines-"));
    onTestFinished(async () => await rm(folder, { recursive: true }));
    const { timelines, check } = collecting();
    let podPath = "";
    const cluster = await withNode({
      onPod(path, api) {
        podPath = path;
        api.setStatus(path, running(true));
        api.log(path, "app", '{"token":"right"}');
        api.log(path, "app", "a secret that the application should not have written");
      },
      onCommand(path, body, api) {
        if (path !== "/nmi" || !JSON.stringify(body).includes("exit-gracefully")) return;
        api.event(podPath, {
          reason: "Unhealthy",
          message: "Readiness probe failed: HTTP probe failed with statuscode: 503",
          fieldPath: "spec.containers{app}",
        });
        api.log(podPath, "app", '{"token":"none"}');
        api.setStatus(podPath, running(false));
      },
    });
    const { api, node } = cluster;
    const file = join(folder, "timelines.json");
    const { code, clock, said } = run(cluster, ["--yes", "--timelines", file], {
      cells: [{ ...CELL, check }],
    });

    // Two watches and one log.
    await eventually(() => api.streams === 3);
    const namespace = namespaceIn(api);
    await fetch(node.healthUrl);
    await clock.advance(20_000);
    await eventually(() => node.nmi.state !== "active");
    await eventually(() => said().includes('"of":"health"'));
    for (const seen of ['"Ready","status":false', '"token","identity":"none"', '"kind":"probe"']) {
      await eventually(() => said().includes(seen));
    }
    await clock.advance(20_000);
    expect(await code).toBe(0);

    expect([...api.objects.keys()]).toEqual(NODE_ALONE);
    const [timeline] = timelines;
    expect(timeline).toMatchObject({ strategy: "nmi-in-code", scenario: "nmi-exits", lasts: 40 });
    const events = timeline!.events.filter(({ kind }) => kind !== "requests");
    expect(events).toContainEqual({ at: 20, kind: "node", step: "NMI exits" });
    expect(
      events.filter(({ kind }) => kind === "token").map((event) => "identity" in event && event.identity),
    ).toEqual(["right", "none"]);
    expect(events).toContainEqual(
      expect.objectContaining({ kind: "probe", container: "app", probe: "readiness", success: false }),
    );
    const ready = events.filter((event) => event.kind === "condition" && event.condition === "Ready");
    expect(ready.map((event) => "status" in event && event.status)).toEqual([true, false]);
    expect(timeline!.events).toContainEqual(
      expect.objectContaining({ kind: "requests", of: "health", total: 1 }),
    );
    expect(JSON.parse(await readFile(file, "utf8"))).toEqual(timelines);
    expect(said()).not.toContain("secret");
    expect(namespace).toMatch(/^azure-identity-guard-test-[0-9a-f]{8}$/u);
    expect(said()).toContain("nmi-in-code, nmi-exits: passed");
  });

  test("touches nothing but its namespace", async () => {
    const cluster = await withNode();
    const { code, clock } = run(cluster, ["--yes"], { cells: [IN_PLACE] });
    await eventually(() => cluster.api.streams === 2);
    const namespace = namespaceIn(cluster.api);
    await clock.advance(10_000);
    expect(await code).toBe(0);
    const proxy = `/api/v1/namespaces/${namespace}/pods/node-simulator-x7k2p:18085/proxy`;
    expect(cluster.api.changes).toEqual([
      "POST /api/v1/namespaces",
      `POST /apis/apps/v1/namespaces/${namespace}/daemonsets`,
      `POST ${proxy}/imds`,
      `POST ${proxy}/nmi`,
      `POST /api/v1/namespaces/${namespace}/serviceaccounts`,
      `POST /api/v1/namespaces/${namespace}/pods`,
      `DELETE /api/v1/namespaces/${namespace}/pods/app?propagationPolicy=Foreground`,
      `DELETE /api/v1/namespaces/${namespace}/serviceaccounts/app?propagationPolicy=Foreground`,
      `DELETE /apis/apps/v1/namespaces/${namespace}/daemonsets/node-simulator?propagationPolicy=Foreground`,
      `DELETE /api/v1/namespaces/${namespace}?propagationPolicy=Foreground`,
    ]);
  });

  test("says what it will touch, and touches nothing where the answer is no", async () => {
    const cluster = await withNode();
    const questions: string[] = [];
    const { code, said } = run(cluster, [], {
      ask: async (question) => {
        questions.push(question);
        expect(cluster.api.changes).toEqual([]);
        return false;
      },
    });
    expect(await code).toBe(2);
    expect(questions).toHaveLength(1);
    expect(cluster.api.changes).toEqual([]);
    for (const touched of [
      cluster.api.url,
      "here",
      "node-1",
      "azure-identity-guard-test-",
      "169.254.169.254/32",
      "lo:aig-",
    ]) {
      expect(said()).toContain(touched);
    }
  });

  test("touches nothing where there is nobody to ask", async () => {
    const cluster = await withNode();
    const { code, said } = run(cluster, []);
    expect(await code).toBe(2);
    expect(said()).toContain("--yes");
    expect(cluster.api.changes).toEqual([]);
  });

  test("cleans up when it is cut off", async () => {
    const cluster = await withNode({ onPod: (path, api) => api.setStatus(path, running(true)) });
    const { code, cutOff, said } = run(cluster, ["--yes"], { cells: [CELL, IN_PLACE] });
    await eventually(() => cluster.api.streams === 3);
    cutOff.abort();
    expect(await code).toBe(2);
    expect([...cluster.api.objects.keys()]).toEqual(NODE_ALONE);
    expect(said()).toContain("cut off");
    expect(said()).not.toContain("in-place: ");
    await eventually(() => cluster.api.streams === 0);
  });

  test("cleans up when it is cut off while images are pulled, and says so at once", async () => {
    const waiting = { reason: "PodInitializing" };
    const cluster = await withNode({
      daemonPodStatus: {
        conditions: [{ type: "Ready", status: "False" }],
        initContainerStatuses: [
          { name: "pull-0", restartCount: 0, state: { waiting } },
          { name: "address", restartCount: 0, state: { waiting } },
        ],
        containerStatuses: [{ name: "simulator", restartCount: 0, state: { waiting } }],
      },
    });
    const { code, cutOff, said } = run(cluster, ["--yes"], { cells: [CELL, IN_PLACE] });
    const saidAtRemovals: string[] = [];
    cluster.hooks.refuse = ({ method }) => {
      if (method === "DELETE") saidAtRemovals.push(said());
      return undefined;
    };
    const looks = (): number =>
      cluster.api.requests.filter(({ url }) => url.includes("labelSelector=app=node-simulator")).length;
    await eventually(() => looks() >= 2);
    cutOff.abort();
    expect(await code).toBe(2);
    expect([...cluster.api.objects.keys()]).toEqual(NODE_ALONE);
    expect(said()).toContain("nmi-exits: cut off");
    expect(saidAtRemovals[0]).toContain("Cut off; removing");
    const daemonSets = cluster.api.changes.filter((change) => change.includes("/daemonsets"));
    expect(daemonSets.map((change) => change.split(" ")[0])).toEqual(["POST", "DELETE"]);
  });

  test("cleans up when the simulated node cannot start, and says why", async () => {
    const terminated = { exitCode: 1, message: "This node has 169.254.169.254 already" };
    const cluster = await withNode({
      daemonPodStatus: {
        // The kubelet starts a sidecar again.
        initContainerStatuses: [
          {
            name: "address",
            restartCount: 1,
            state: { waiting: { reason: "CrashLoopBackOff" } },
            lastState: { terminated },
          },
        ],
      },
    });
    const { code, said } = run(cluster, ["--yes"]);
    expect(await code).toBe(2);
    expect(said()).toContain("nmi-exits: broken");
    expect(said()).toContain("address ended with exit code 1: This node has 169.254.169.254 already");
    expect([...cluster.api.objects.keys()]).toEqual(NODE_ALONE);
  });

  test("cleans up when the pod is refused", async () => {
    const cluster = await withNode({
      refuse: ({ method, url }) => (method === "POST" && url.endsWith("/pods") ? "Forbidden" : undefined),
    });
    const { code, said } = run(cluster, ["--yes"]);
    expect(await code).toBe(2);
    expect(said()).toContain("Forbidden");
    expect([...cluster.api.objects.keys()]).toEqual(NODE_ALONE);
  });

  test("says how to remove what it could not", async () => {
    const cluster = await withNode({
      refuse: ({ method, url }) =>
        method === "DELETE" && url.startsWith("/api/v1/namespaces/") && !url.includes("/pods/")
          ? "Forbidden"
          : undefined,
    });
    const { code, clock, said } = run(cluster, ["--yes"], { cells: [IN_PLACE] });
    await eventually(() => cluster.api.streams === 2);
    await clock.advance(10_000);
    expect(await code).toBe(2);
    expect(said()).toContain(`kubectl --context here delete namespace ${namespaceIn(cluster.api)}`);
    // What it found out comes first.
    expect(said()).toMatch(/\nin-place +\w+\nNot all could be removed/u);
  });

  test.each([[], ["--keep"]])("has nothing to remove where it may make nothing (%j)", async (...flags) => {
    const refuse = ({ method }: ApiRequest): string | undefined =>
      method === "GET" ? undefined : "Forbidden";
    const cluster = await withNode({ refuse });
    const { code, said } = run(cluster, ["--yes", ...flags]);
    expect(await code).toBe(2);
    expect(said()).toContain("Forbidden");
    expect(said()).not.toMatch(/delete namespace/u);
    expect(cluster.api.changes).toEqual(["POST /api/v1/namespaces"]);
  });

  test("removes what it may have made, through errors that pass", async () => {
    const passing = ["InternalError", "ServiceUnavailable"];
    const cluster = await withNode({
      refuse: ({ method, url }) =>
        method === "POST" && url === "/api/v1/namespaces"
          ? "InternalError"
          : method === "DELETE"
            ? passing.shift()
            : undefined,
    });
    const { code, said } = run(cluster, ["--yes"]);
    expect(await code).toBe(2);
    expect(passing).toEqual([]);
    expect(said()).toContain("InternalError");
    expect(said()).not.toContain("Do it yourself");
  });

  test("tells both why a simulated node could not be made, and why it could not be removed", async () => {
    const cluster = await withNode({
      refuse: ({ method, url }) =>
        url.includes("/proxy/")
          ? "Invalid"
          : method === "DELETE" && url.includes("/daemonsets/")
            ? "Forbidden"
            : undefined,
    });
    const { code, said } = run(cluster, ["--yes"], { cells: [IN_PLACE] });
    expect(await code).toBe(2);
    expect(said()).toMatch(/in-place: broken\n[^]*is invalid[^]*Forbidden/u);
  });

  test("--keep leaves the last cell, and no cell before it", async () => {
    const cluster = await withNode();
    const first = { ...IN_PLACE, manifest: MANIFEST.replace("name: app,", "name: first,") };
    const { code, clock, said } = run(cluster, ["--yes", "--keep"], { cells: [first, IN_PLACE] });
    const pods = (): string[] =>
      [...cluster.api.objects.keys()].filter((path) => /\/pods\/(?:first|app)$/u.test(path));
    for (const name of ["first", "app"]) {
      await eventually(() => cluster.api.streams === 2 && pods().some((path) => path.endsWith(`/${name}`)));
      expect(pods()).toHaveLength(1);
      await clock.advance(10_000);
    }
    expect(await code).toBe(0);
    expect(pods()).toEqual([`/api/v1/namespaces/${namespaceIn(cluster.api)}/pods/app`]);
    expect(said()).toContain("delete namespace");
  });

  test("what the check says is told, and makes the run fail", async () => {
    const cluster = await withNode();
    const cells = [{ ...IN_PLACE, check: () => ["never ready"] }];
    const { code, clock, said } = run(cluster, ["--yes"], { cells });
    await eventually(() => cluster.api.streams === 2);
    await clock.advance(10_000);
    expect(await code).toBe(1);
    expect(said()).toContain("in-place: failed\n    never ready");
  });

  test("takes up a watch that the server ended, and tells nothing twice", async () => {
    const { timelines, check } = collecting();
    let podPath = "";
    const cluster = await withNode({
      onPod: (path, api) => {
        podPath = path;
        api.setStatus(path, running(false));
      },
    });
    const { code, clock, said } = run(cluster, ["--yes"], { cells: [{ ...IN_PLACE, check }] });
    await eventually(() => cluster.api.streams === 3);
    cluster.api.endStreams();
    const watches = (): number => cluster.api.requests.filter(({ url }) => url.includes("watch=true")).length;
    await eventually(() => watches() === 4 && cluster.api.streams === 3);
    cluster.api.setStatus(podPath, running(true));
    await eventually(() => said().includes('"Ready","status":true'));
    await clock.advance(10_000);
    expect(await code).toBe(0);
    const ready = timelines[0]!.events.filter(
      (event) => event.kind === "condition" && event.condition === "Ready",
    );
    expect(ready.map((event) => "status" in event && event.status)).toEqual([false, true]);
  });

  test.each(["cut", "end"] as const)(
    "loses no line of a log, and doubles none, where the server %ss all watches and logs",
    async (how) => {
      const { timelines, check } = collecting();
      let podPath = "";
      const cluster = await withNode({
        onPod(path, api) {
          podPath = path;
          api.setStatus(path, running(true));
          api.log(path, "app", '{"token":"none"}');
        },
      });
      const { api } = cluster;
      const { code, clock, said } = run(cluster, ["--yes"], { cells: [{ ...IN_PLACE, check }] });
      const tokens = (): readonly string[] => said().match(/(?<="identity":")\w+/gu) ?? [];
      await eventually(() => api.streams === 3 && tokens().length === 1);
      if (how === "cut") api.cutStreams();
      else api.endStreams();
      await eventually(() => api.streams === 0);
      api.log(podPath, "app", '{"token":"wrong"}');
      await eventually(() => api.streams === 3 && tokens().length === 2);
      api.log(podPath, "app", '{"token":"right"}');
      api.setStatus(podPath, running(false));
      await eventually(() => tokens().length === 3 && said().includes('"Ready","status":false'));
      await clock.advance(10_000);
      expect(await code).toBe(0);
      const seen = timelines[0]!.events.flatMap((event) => (event.kind === "token" ? [event.identity] : []));
      expect(seen).toEqual(["none", "wrong", "right"]);
    },
  );

  test("reads what is left of the log of a container that was started again meanwhile", async () => {
    let podPath = "";
    const cluster = await withNode({
      onPod(path, api) {
        podPath = path;
        api.setStatus(path, running(true));
        api.log(path, "app", '{"token":"none"}');
      },
    });
    const { api, hooks } = cluster;
    const { code, clock, said } = run(cluster, ["--yes"], { cells: [IN_PLACE] });
    await eventually(() => api.streams === 3 && said().includes('"identity":"none"'));
    hooks.refuse = ({ url }) => (url.includes("follow=true") ? "ServiceUnavailable" : undefined);
    api.cutStreams();
    api.log(podPath, "app", '{"token":"wrong"}');
    await eventually(() => api.requests.filter(({ url }) => url.includes("sinceTime=")).length === 1);
    const containerStatuses = [{ name: "app", restartCount: 1, state: { running: {} } }];
    api.setStatus(podPath, { containerStatuses });
    await eventually(() => said().includes('"identity":"wrong"'));
    hooks.refuse = () => undefined;
    await eventually(() => api.streams === 3);
    await clock.advance(10_000);
    expect(await code).toBe(0);
    expect(said().match(/"identity":"\w+"/gu)).toEqual(['"identity":"none"', '"identity":"wrong"']);
  });

  test.each([
    ["/log?", "The log of app", "ServiceUnavailable"],
    ["/log?", "The log of app", "Forbidden"],
    ["/pods?fieldSelector=metadata.name", "The watch on the pod", "ServiceUnavailable"],
    ["/events?", "The watch on its events", "Forbidden"],
  ])("is broken where %s cannot be had again", async (part, what, reason) => {
    const cluster = await withNode({ onPod: (path, api) => api.setStatus(path, running(true)) });
    const { api, hooks } = cluster;
    const { code, said } = run(cluster, ["--yes"], { cells: [IN_PLACE] });
    await eventually(() => api.streams === 3);
    const before = api.requests.length;
    hooks.refuse = ({ method, url }) => (method === "GET" && url.includes(part) ? reason : undefined);
    api.cutStreams();
    expect(await code).toBe(2);
    expect(said()).toMatch(new RegExp(`in-place: broken\\n    ${what} cannot be had: .*${reason}`, "u"));
    const tries = api.requests.slice(before).filter(({ url }) => url.includes(part));
    expect(tries).toHaveLength(reason === "Forbidden" ? 1 : 3);
    expect([...api.objects.keys()]).toEqual(NODE_ALONE);
  });

  test.each(["ErrImageNeverPull", "ErrImagePull", "InvalidImageName"])(
    "has a pod that cannot run for %s as the cluster's fault",
    async (reason) => {
      const waiting = { reason, message: "no such image" };
      const status = { containerStatuses: [{ name: "app", restartCount: 0, state: { waiting } }] };
      const cluster = await withNode({ onPod: (path, api) => api.setStatus(path, status) });
      const { code, said } = run(cluster, ["--yes"], {
        cells: [{ ...IN_PLACE, check: () => ["never ready"] }],
      });
      expect(await code).toBe(2);
      expect(said()).toContain(`in-place: broken\n    The pod cannot run: app: ${reason} no such image`);
      expect([...cluster.api.objects.keys()]).toEqual(NODE_ALONE);
    },
  );

  test("pulls all images of a cell before the address is there, and none after it", async () => {
    const cluster = await withNode();
    const cells = [{ ...IN_PLACE, strategy: "sidecar", manifest: manifestOf("sidecar") }];
    const { code, clock } = run(cluster, ["--yes", "--image", "app:latest", "--cli-image", "cli"], { cells });
    await eventually(() => cluster.api.streams === 2);
    await clock.advance(10_000);
    expect(await code).toBe(0);
    const created = (end: string): string =>
      JSON.stringify(
        cluster.api.requests.find(({ method, url }) => method === "POST" && url.endsWith(end))?.body,
      );
    for (const image of ["app:latest", "cli"]) {
      expect(created("/daemonsets")).toContain(
        `{"name":"pull-${image === "cli" ? 1 : 0}","image":"${image}"`,
      );
      expect(created("/pods")).toContain(`"image":"${image}"`);
    }
    expect(created("/pods").match(/"imagePullPolicy":"\w+"/gu)).toEqual(
      Array.from({ length: 2 }, () => '"imagePullPolicy":"Never"'),
    );
  });

  test("runs the application that the strategy has, with the images that were given", async () => {
    const cluster = await withNode();
    const { code, clock } = run(cluster, ["--yes", "--app-path", "/srv"], { cells: [IN_PLACE] });
    await eventually(() => cluster.api.streams === 2);
    await clock.advance(10_000);
    expect(await code).toBe(0);
    const created = cluster.api.requests.find(
      ({ method, url }) => method === "POST" && url.endsWith("/pods"),
    );
    expect(created?.body).toMatchObject({
      metadata: { labels: { aadpodidbinding: "app" } },
      spec: {
        nodeSelector: { "kubernetes.io/hostname": "host-1" },
        containers: [{ name: "app", image: "my-registry/app:test", command: ["node", "/srv/guarded.mjs"] }],
      },
    });
  });

  test("leaves out, aloud, what a simulated node is not enough for", async () => {
    const cluster = await withNode();
    const cells = [{ ...CELL, needsAzure: "asks Azure Resource Manager" }];
    const { code, said } = run(cluster, ["--yes"], { cells });
    expect(await code).toBe(0);
    expect(said()).toContain("nmi-exits: skipped\n    asks Azure Resource Manager");
  });

  /** NMI as a DaemonSet with a pod on the node, unless that is left out. */
  function putNmi(api: FakeApiServer, { metadata, spec }: DaemonSetJson): void {
    const labels = { component: "nmi" };
    api.put("/api/v1/namespaces/kube-system", { metadata: { name: "kube-system" } });
    api.put(NMI_PATH, { metadata: { ...metadata, labels }, spec });
    if (JSON.stringify(spec).includes("NotIn")) return;
    api.put("/api/v1/namespaces/kube-system/pods/nmi-1", {
      metadata: { name: "nmi-1", labels },
      spec: { nodeName: "node-1" },
      status: { conditions: [{ type: "Ready", status: "True" }] },
    });
  }
  const NMI_PATH = "/apis/apps/v1/namespaces/kube-system/daemonsets/nmi";
  const NMI: DaemonSetJson = {
    metadata: { name: "nmi", namespace: "kube-system" },
    spec: { updateStrategy: { type: "RollingUpdate" }, template: { spec: {} } },
  };
  const REAL_NMI = ["--yes", "--real-nmi", "--object-id", "11111111-2222-4333-8444-555555555555"];

  test("puts back the real NMI that a run was cut off from, and says so", async () => {
    const cluster = await withNode({ onReplace: (_, api) => putNmi(api, NMI) });
    const { api } = cluster;
    putNmi(api, leaveOut(NMI, "node-1"));
    const { code, clock, said } = run(cluster, REAL_NMI, { cells: [IN_PLACE] });
    await eventually(() => api.streams === 2);
    expect(said()).toContain("node-1 is left out already");
    const replaced = api.requests.filter(({ method }) => method === "PUT").map(({ body }) => body);
    expect(replaced).toMatchObject([{ metadata: { annotations: {} }, spec: NMI.spec }]);
    await clock.advance(10_000);
    expect(await code).toBe(0);
  });

  const STOPPED: CheckedCell = {
    ...IN_PLACE,
    scenario: "nmi-missing",
    given: [ORDINARY[0]!, { to: "nmi", body: { action: "set-state", state: "down" } }],
  };
  test("puts back the real NMI before it waits for the cell's pod to go", async () => {
    const cluster = await withNode({ onReplace: (path, api) => putNmi(api, api.objects.get(path) as never) });
    const { api } = cluster;
    putNmi(api, NMI);
    const exits = { to: "nmi", body: { action: "exit-gracefully" } } as const;
    const cells = [{ ...IN_PLACE, steps: [{ at: 1, step: "NMI exits", actions: [exits] }] }];
    const { code, clock } = run(cluster, REAL_NMI, { cells });
    await eventually(() => api.streams === 2);
    await clock.advance(1_000);
    await eventually(() => api.changes.some((change) => change.startsWith("PUT")));
    await clock.advance(10_000);
    expect(await code).toBe(0);
    const methods = api.changes.map((change) => change.split(" ")[0]).join(" ");
    expect(methods).toBe("POST POST POST PUT PUT DELETE DELETE DELETE");
  });

  /** Cut off when NMI has been stopped, and before its pod is known to be gone. */
  function cutOffWithoutNmi(cluster: FakeCluster, reason: (puts: number) => string | undefined): Run {
    putNmi(cluster.api, NMI);
    const begun = run(cluster, REAL_NMI, { cells: [STOPPED, IN_PLACE] });
    let puts = 0;
    cluster.hooks.refuse = ({ method, url }) => {
      if (puts > 0 && url.includes("/pods?")) begun.cutOff.abort();
      return method === "PUT" && (puts += 1) > 1 ? reason(puts) : undefined;
    };
    return begun;
  }
  const specOfNmi = ({ api }: FakeCluster): unknown => api.objects.get(NMI_PATH)?.spec;

  test("says how to put back the real NMI where it could not when it was cut off", async () => {
    const cluster = await withNode({ onReplace: (path, api) => putNmi(api, api.objects.get(path) as never) });
    const { code, said } = cutOffWithoutNmi(cluster, () => "Forbidden");
    expect(await code).toBe(2);
    expect(said()).toContain("nmi-missing: broken");
    expect(said()).toMatch(/Forbidden.*put it back: kubectl .* patch daemonset nmi/u);
    expect(said()).not.toContain("in-place: ");
    expect(cluster.api.changes.at(-1)).toMatch(/^DELETE \/api\/v1\/namespaces\/azure-identity-guard-test-/u);
  });

  test("puts the real NMI back at the end where the cell could not", async () => {
    const cluster = await withNode({ onReplace: (path, api) => putNmi(api, api.objects.get(path) as never) });
    const { code, said } = cutOffWithoutNmi(cluster, (puts) => (puts === 2 ? "Forbidden" : undefined));
    expect(await code).toBe(2);
    expect(said()).toContain("nmi-missing: broken");
    expect(specOfNmi(cluster)).toEqual(NMI.spec);
  });

  test("puts the real NMI back through errors that pass", async () => {
    const cluster = await withNode({ onReplace: (path, api) => putNmi(api, api.objects.get(path) as never) });
    const passing = ["ServiceUnavailable", "InternalError"];
    const { code, said } = cutOffWithoutNmi(cluster, () => passing.shift());
    expect(await code).toBe(2);
    expect(said()).toContain("nmi-missing: cut off");
    expect(passing).toEqual([]);
    expect(specOfNmi(cluster)).toEqual(NMI.spec);
  });

  test("refuses the real NMI where a run has left out another node", async () => {
    const cluster = await withNode();
    putNmi(cluster.api, leaveOut(NMI, "node-2"));
    const { code, said } = run(cluster, REAL_NMI, { cells: [IN_PLACE] });
    expect(await code).toBe(2);
    expect(said()).toContain("has left node-2 out of NMI");
    expect(said()).toContain("kubectl --context here --namespace kube-system patch daemonset nmi");
    expect(cluster.api.changes).toEqual([]);
  });

  test("leaves the real NMI alone where no step stops it", async () => {
    const cluster = await withNode();
    const { api } = cluster;
    putNmi(api, NMI);
    const crash = {
      at: 1,
      step: "NMI crashes",
      actions: [{ to: "nmi", body: { action: "crash" } }],
    } as const;
    const crashes = { ...IN_PLACE, scenario: "nmi-crashes", steps: [crash] };
    const objectId = "11111111-2222-4333-8444-555555555555";
    const manifest = `${MANIFEST}      env: [{ name: OID, value: "${APP_IDENTITY.objectId}" }]\n`;
    const argv = ["--yes", "--real-nmi", "--object-id", objectId, "--binding", "theirs"];
    const { code, clock, said } = run(cluster, argv, { cells: [{ ...IN_PLACE, manifest }, crashes] });
    await eventually(() => api.streams === 2);
    await clock.advance(10_000);
    expect(await code).toBe(0);
    expect(said()).toContain("kube-system/nmi");
    expect(said()).toContain('nmi-crashes: skipped\n    only the simulated node can do "NMI crashes"');
    expect(api.changes.filter((change) => change.includes("daemonsets"))).toEqual([]);
    const created = api.requests.find(({ method, url }) => method === "POST" && url.endsWith("/pods"));
    const env = [
      { name: "OID", value: objectId },
      { name: "EXPECTED", value: objectId },
    ];
    expect(created?.body).toMatchObject({
      metadata: { labels: { aadpodidbinding: "theirs" } },
      // Nothing has pulled its images.
      spec: { containers: [{ env, imagePullPolicy: "IfNotPresent" }] },
    });
  });

  test("refuses a node that has NMI already", async () => {
    const cluster = await withNode();
    cluster.api.put("/api/v1/namespaces/kube-system/pods/nmi-1", {
      metadata: { name: "nmi-1", labels: { "app.kubernetes.io/component": "nmi" } },
      spec: { nodeName: "node-1" },
    });
    const { code, said } = run(cluster, ["--yes"]);
    expect(await code).toBe(2);
    expect(said()).toContain("--real-nmi");
    expect(cluster.api.changes).toEqual([]);
  });

  test("goes on with the context that it began with, or is told", async () => {
    const cluster = await withNode();
    const { code, said } = run(cluster, ["--yes", "--context", "there"]);
    expect(await code).toBe(2);
    expect(said()).not.toContain(cluster.api.url);
    expect(cluster.api.requests).toEqual([]);
  });
});

test("the object ID that is put into the manifests is the one that they have", () => {
  for (const strategy of ["token-in-code", "token-exec-probes", "sidecar"] as const)
    expect(manifestOf(strategy)).toContain(APP_IDENTITY.objectId);
});
