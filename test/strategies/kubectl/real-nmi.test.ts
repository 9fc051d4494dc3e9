import { describe, expect, test } from "vitest";
import type { Cell } from "../cluster.js";
import type { NodeAction } from "../scenario.js";
import type { FakeApiServer } from "./fake-api-server.js";
import { Kubectl } from "./kubectl.js";
import { missingKubectl, startCluster, type FakeCluster } from "./kubectl-setup.js";
import type { DaemonSetJson } from "./kubernetes-types.js";
import { leaveOut } from "./leave-node-out.js";
import { RealNmi } from "./real-nmi.js";

const missing = missingKubectl();

const NMI: DaemonSetJson = {
  metadata: { name: "nmi", namespace: "kube-system" },
  spec: {
    updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } },
    template: { spec: { nodeSelector: { "kubernetes.io/os": "linux" } } },
  },
};
/** With another image. */
const upgraded = ({ metadata, spec }: DaemonSetJson): DaemonSetJson => {
  const containers = [{ name: "nmi", image: "nmi:2" }];
  return { metadata, spec: { ...spec, template: { spec: { ...spec.template.spec, containers } } } };
};
const PATH = "/apis/apps/v1/namespaces/kube-system/daemonsets/nmi";
const POD = "/api/v1/namespaces/kube-system/pods/nmi-1";

const nmi = (action: string, more: object = {}): NodeAction => ({ to: "nmi", body: { action, ...more } });
const KUBELET: NodeAction = { to: "imds", body: { action: "attach", identity: { name: "kubelet" } } };
const ASSIGN: NodeAction = { to: "mic", body: { action: "assign", pod: "app" } };
const ORDINARY = [KUBELET, ASSIGN, nmi("set-state", { state: "active" })];

function cell(given: readonly NodeAction[], steps: readonly NodeAction[] = [], labelled = true): Cell {
  const listed = steps.map((action, index) => ({ at: index, step: `step ${index}`, actions: [action] }));
  return { strategy: "", manifest: "", labelled, given, steps: listed, lasts: 1 };
}

describe("the cluster's own NMI", () => {
  const real = new RealNmi(new Kubectl({ environment: {} }), {
    found: NMI,
    nodeName: "node-1",
    context: "here",
    ordinary: ORDINARY,
  });

  test.each([
    ["begins in order, and NMI ends and starts", cell(ORDINARY, [nmi("exit-gracefully"), nmi("start")])],
    ["begins without NMI", cell([KUBELET, ASSIGN, nmi("set-state", { state: "down" })])],
    ["lacks the label", cell([KUBELET], [], false)],
  ])("can do a cell that %s", (_, given) => expect(real.whyNot(given)).toBeUndefined());

  test.each([
    ["NMI crashes", cell(ORDINARY, [nmi("exit-gracefully"), nmi("crash")]), '"step 1"'],
    ["NMI is not active", cell([KUBELET, ASSIGN, nmi("set-state", { state: "not-active" })]), "not-active"],
    ["IMDS is otherwise", cell([...ORDINARY, { to: "imds", body: { action: "set-tokens" } }]), "set-tokens"],
    ["an identity is not there", cell([ASSIGN]), "without imds"],
    ["nothing is assigned, the label notwithstanding", cell([KUBELET]), "without mic"],
  ])("cannot do one in which %s", (_, given, words) => expect(real.whyNot(given)).toContain(words));
});

describe.skipIf(missing !== undefined)("NMI on one node", { timeout: 120_000 }, () => {
  /** A DaemonSet controller of one node. */
  async function withNmi(found: DaemonSetJson = NMI): Promise<FakeCluster & { readonly real: RealNmi }> {
    const control = (api: FakeApiServer): void => {
      const excluded = JSON.stringify(api.objects.get(PATH)?.spec).includes("NotIn");
      if (excluded) api.objects.delete(POD);
      else api.put(POD, NMI_POD);
    };
    const cluster = await startCluster({ onReplace: (_, api) => control(api) });
    const kubectl = new Kubectl({ environment: cluster.environment });
    cluster.api.put("/api/v1/namespaces/kube-system", { metadata: { name: "kube-system" } });
    cluster.api.put(PATH, found);
    control(cluster.api);
    return {
      ...cluster,
      real: new RealNmi(kubectl, { found, nodeName: "node-1", context: "here", ordinary: ORDINARY }),
    };
  }
  const NMI_POD = {
    metadata: { name: "nmi-1", labels: { component: "nmi" } },
    spec: { nodeName: "node-1" },
    status: { conditions: [{ type: "Ready", status: "True" }] },
  };
  const { signal } = new AbortController();

  test("stops, starts, and is in the end as it was", async () => {
    await using cluster = await withNmi();
    const { api, real } = cluster;
    const node = await real.prepare(cell([nmi("set-state", { state: "down" })]), signal);
    expect(api.objects.has(POD)).toBe(false);
    await node.apply(nmi("start"), signal);
    expect(api.objects.has(POD)).toBe(true);
    expect(api.objects.get(PATH)?.spec).toEqual(NMI.spec);
    await node.apply(nmi("exit-gracefully"), signal);
    expect(api.objects.has(POD)).toBe(false);
    await node.restore();
    expect(api.objects.get(PATH)?.spec).toEqual(NMI.spec);
    expect(api.changes).toHaveLength(4);
    expect(await node.requests(signal)).toBeUndefined();
  });

  test("keeps the upgrade that was made meanwhile", async () => {
    await using cluster = await withNmi();
    const { api, real } = cluster;
    const node = await real.prepare(cell([nmi("set-state", { state: "down" })]), signal);
    api.put(PATH, upgraded(api.objects.get(PATH) as DaemonSetJson));
    await node.restore();
    expect(api.objects.has(POD)).toBe(true);
    expect(api.objects.get(PATH)?.spec).toEqual(upgraded(NMI).spec);
  });

  test("is put back as it was before a run that was cut off", async () => {
    await using cluster = await withNmi(leaveOut(NMI, "node-1"));
    const { api, real } = cluster;
    expect(api.objects.has(POD)).toBe(false);
    const node = await real.prepare(cell(ORDINARY), signal);
    expect(api.objects.has(POD)).toBe(true);
    expect(api.objects.get(PATH)?.spec).toEqual(NMI.spec);
    await node.apply(nmi("exit-gracefully"), signal);
    await node.restore();
    expect(api.objects.get(PATH)).toMatchObject({ metadata: { annotations: {} }, spec: NMI.spec });
  });

  test("is put back by a cell that begins without it, after a run that was cut off", async () => {
    await using cluster = await withNmi(leaveOut(NMI, "node-1"));
    const node = await cluster.real.prepare(cell([nmi("set-state", { state: "down" })]), signal);
    await node.restore();
    expect(cluster.api.objects.get(PATH)?.spec).toEqual(NMI.spec);
    expect(cluster.api.changes).toHaveLength(1);
  });

  test("is not stopped while another run has left out another node", async () => {
    await using cluster = await withNmi();
    const other = leaveOut(NMI, "node-2");
    cluster.api.put(PATH, other);
    const preparing = cluster.real.prepare(cell([nmi("set-state", { state: "down" })]), signal);
    await expect(preparing).rejects.toThrow("has left node-2 out");
    expect(cluster.api.changes).toEqual([]);
  });

  test("is changed again where the controller was faster", async () => {
    await using cluster = await withNmi();
    let puts = 0;
    cluster.hooks.refuse = ({ method }) =>
      method === "PUT" && (puts += 1) % 2 === 1 ? "Conflict" : undefined;
    const node = await cluster.real.prepare(cell([nmi("set-state", { state: "down" })]), signal);
    expect(cluster.api.objects.has(POD)).toBe(false);
    await node.restore();
    expect(puts).toBe(4);
    expect(cluster.api.objects.get(PATH)?.spec).toEqual(NMI.spec);
  });

  test("is put back where the step that should have done so could not", async () => {
    await using cluster = await withNmi();
    const node = await cluster.real.prepare(cell([nmi("set-state", { state: "down" })]), signal);
    cluster.hooks.refuse = ({ method }) => (method === "PUT" ? "Forbidden" : undefined);
    await expect(node.apply(nmi("start"), signal)).rejects.toThrow(/^kubectl replace .*Forbidden/u);
    cluster.hooks.refuse = () => undefined;
    await node.restore();
    expect(cluster.api.objects.get(PATH)?.spec).toEqual(NMI.spec);
  });

  test("that could not be stopped is said to be as it was", async () => {
    await using cluster = await withNmi();
    cluster.hooks.refuse = ({ method }) => (method === "PUT" ? "Forbidden" : undefined);
    const preparing = cluster.real.prepare(cell([nmi("set-state", { state: "down" })]), signal);
    await expect(preparing).rejects.toThrow(/^kubectl replace .*Forbidden/u);
  });

  test("is not touched by a cell that does not stop it", async () => {
    await using cluster = await withNmi();
    const node = await cluster.real.prepare(cell(ORDINARY), signal);
    await node.restore();
    expect(cluster.api.changes).toEqual([]);
  });

  test("is put back where a cell is cut off while it begins", async () => {
    await using cluster = await withNmi();
    const cutOff = new AbortController();
    cluster.hooks.refuse = ({ url }) => {
      // It is asked for when NMI has been stopped.
      if (url.includes("/pods?")) cutOff.abort();
      return undefined;
    };
    const preparing = cluster.real.prepare(cell([nmi("set-state", { state: "down" })]), cutOff.signal);
    await expect(preparing).rejects.toThrow();
    expect(cluster.api.objects.get(PATH)?.spec).toEqual(NMI.spec);
  });

  test("that could not be put back is said to be so, with the remedy", async () => {
    await using cluster = await withNmi();
    const node = await cluster.real.prepare(cell([nmi("set-state", { state: "down" })]), signal);
    cluster.hooks.refuse = ({ method }) => (method === "PUT" ? "Forbidden" : undefined);
    await expect(node.restore()).rejects.toThrow(
      "put it back: kubectl --context here --namespace kube-system patch daemonset nmi --type=json --patch='[",
    );
  });
});
