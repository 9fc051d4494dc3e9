import { describe, expect, test } from "vitest";
import type { Cell } from "../cluster.js";
import type { NodeAction } from "../scenario.js";
import { Kubectl } from "./kubectl.js";
import { missingKubectl, startCluster, type FakeCluster } from "./kubectl-setup.js";
import { findNmi, RealNmi, without, type DaemonSetJson } from "./real-nmi.js";

const missing = missingKubectl();

const NMI: DaemonSetJson = {
  metadata: { name: "nmi", namespace: "kube-system" },
  spec: {
    updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } },
    template: { spec: { nodeSelector: { "kubernetes.io/os": "linux" } } },
  },
};
const PATH = "/apis/apps/v1/namespaces/kube-system/daemonsets/nmi";
const POD = "/api/v1/namespaces/kube-system/pods/nmi-1";
const LEFT_OUT = { key: "metadata.name", operator: "NotIn", values: ["node-1"] };

const nmi = (action: string, more: object = {}): NodeAction => ({ to: "nmi", body: { action, ...more } });
const KUBELET: NodeAction = { to: "imds", body: { action: "attach", identity: { name: "kubelet" } } };
const ASSIGN: NodeAction = { to: "mic", body: { action: "assign", pod: "app" } };
const ORDINARY = [KUBELET, ASSIGN, nmi("set-state", { state: "active" })];

function cell(given: readonly NodeAction[], steps: readonly NodeAction[] = [], labelled = true): Cell {
  const listed = steps.map((action, index) => ({ at: index, step: `step ${index}`, actions: [action] }));
  return { strategy: "", manifest: "", labelled, given, steps: listed, lasts: 1 };
}

describe("the cluster's own NMI", () => {
  test("is found by its name or its labels", () => {
    const other = { ...NMI, metadata: { name: "kube-proxy", namespace: "kube-system" } };
    const labels = { "app.kubernetes.io/component": "nmi" };
    const chart = { ...NMI, metadata: { name: "aad-pod-identity-nmi", namespace: "default", labels } };
    expect(findNmi([other, NMI])).toBe(NMI);
    expect(findNmi([other, chart])).toBe(chart);
    expect(() => findNmi([other])).toThrow("0 DaemonSets");
    expect(() => findNmi([chart, NMI])).toThrow("2 DaemonSets");
  });

  test("is left alone where an add-on manager keeps it", () => {
    const labels = { "addonmanager.kubernetes.io/mode": "Reconcile" };
    expect(() => findNmi([{ ...NMI, metadata: { ...NMI.metadata, labels } }])).toThrow("add-on manager");
  });

  test("leaves one node out in each of its alternatives, and renews no other pod", () => {
    const term = { matchExpressions: [{ key: "pool", operator: "Exists" }] };
    const required = { nodeSelectorTerms: [term, { matchFields: [{ key: "x" }] }] };
    const affinity = {
      nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required },
      podAffinity: { kept: true },
    };
    const given = {
      ...NMI,
      spec: { ...NMI.spec, template: { spec: { ...NMI.spec.template.spec, affinity } } },
    };
    const { spec } = without(given, "node-1");
    expect(spec.updateStrategy).toEqual({ type: "OnDelete" });
    expect(spec.template.spec).toEqual({
      nodeSelector: { "kubernetes.io/os": "linux" },
      affinity: {
        podAffinity: { kept: true },
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [
              { ...term, matchFields: [LEFT_OUT] },
              { matchFields: [{ key: "x" }, LEFT_OUT] },
            ],
          },
        },
      },
    });
  });

  const real = new RealNmi(new Kubectl({ environment: {} }), {
    original: NMI,
    nodeName: "node-1",
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
  async function withNmi(): Promise<FakeCluster & { readonly real: RealNmi }> {
    const cluster = await startCluster({
      onReplace(path, api) {
        if (path !== PATH) return;
        const excluded = JSON.stringify(api.objects.get(path)).includes("NotIn");
        if (excluded) api.objects.delete(POD);
        else api.put(POD, NMI_POD);
      },
    });
    const kubectl = new Kubectl({ environment: cluster.environment });
    cluster.api.put("/api/v1/namespaces/kube-system", { metadata: { name: "kube-system" } });
    cluster.api.put(PATH, NMI);
    cluster.api.put(POD, NMI_POD);
    return {
      ...cluster,
      real: new RealNmi(kubectl, { original: NMI, nodeName: "node-1", ordinary: ORDINARY }),
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
      "kubectl --namespace kube-system rollout undo daemonset/nmi",
    );
  });
});
