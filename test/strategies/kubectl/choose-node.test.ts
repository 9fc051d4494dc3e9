import { describe, expect, test } from "vitest";
import { chooseNode, isNmi, type NodeWishes } from "./choose-node.js";
import type { NodeJson } from "./kubernetes-types.js";

function node(name: string, spec: NodeJson["spec"] = {}, more: Partial<NodeJson> = {}): NodeJson {
  const labels = { "kubernetes.io/hostname": name };
  return {
    metadata: { name, labels },
    spec,
    status: { conditions: [{ type: "Ready", status: "True" }] },
    ...more,
  };
}

const WISHES: NodeWishes = { realNmi: false, shadowMetadata: false };
const AZURE = node("aks-1", { providerID: "azure:///subscriptions/0/virtualMachines/0" });
const windows = { name: "w", labels: { "kubernetes.io/hostname": "w", "kubernetes.io/os": "windows" } };

const UNFIT: readonly (readonly [string, NodeJson])[] = [
  ["cordoned", node("n", { unschedulable: true })],
  ["not ready", node("n", {}, { status: { conditions: [{ type: "Ready", status: "Unknown" }] } })],
  ["taint node-role", node("n", { taints: [{ key: "node-role", effect: "NoSchedule" }] })],
  ["taint gone", node("n", { taints: [{ key: "gone", effect: "NoExecute" }] })],
  ["no label", node("n", {}, { metadata: { name: "n" } })],
  ["runs windows", node("w", {}, { metadata: windows })],
];

describe("the node that is touched", () => {
  test("is the first that takes pods of any kind", () => {
    const preferred = node("worker-1", { taints: [{ key: "busy", effect: "PreferNoSchedule" }] });
    const nodes = [...UNFIT.map(([, unfit]) => unfit), preferred, node("worker-2")];
    expect(chooseNode(nodes, WISHES)).toBe(preferred);
  });

  test("has sidecars, unless it is for the real NMI", () => {
    const withKubelet = (name: string, kubeletVersion: string): NodeJson => {
      const { status } = node(name);
      return node(name, {}, { status: { ...status, nodeInfo: { kubeletVersion } } });
    };
    const nodes = [withKubelet("old", "v1.28.15+k3s1"), withKubelet("new", "v1.29.0-eks-1")];
    expect(chooseNode(nodes, WISHES)).toBe(nodes[1]);
    expect(chooseNode(nodes, { ...WISHES, realNmi: true })).toBe(nodes[0]);
    const named = { ...WISHES, name: "old" };
    expect(() => chooseNode(nodes, named)).toThrow("v1.28.15+k3s1, and the simulated node needs 1.29");
  });

  test("is the one that was named", () => {
    const nodes = [node("worker-1"), node("worker-2")];
    expect(chooseNode(nodes, { ...WISHES, name: "worker-2" })).toBe(nodes[1]);
    expect(() => chooseNode(nodes, { ...WISHES, name: "worker-3" })).toThrow('no node "worker-3"');
  });

  test.each(UNFIT)("is none that is unfit: %s", (reason, unfit) => {
    const words = new RegExp(reason, "u");
    expect(() => chooseNode([unfit], WISHES)).toThrow(words);
    expect(() => chooseNode([unfit], { ...WISHES, name: unfit.metadata.name })).toThrow(words);
  });

  test.each(["azure:///x", "aws:///eu/i-0", "gce://project/zone/0"])(
    "is none of a cloud: %s",
    (providerID) => {
      expect(() => chooseNode([node("n", { providerID })], WISHES)).toThrow("--shadow-metadata");
    },
  );

  test("is one of a cloud where that was allowed, or nothing is simulated", () => {
    expect(chooseNode([AZURE], { ...WISHES, shadowMetadata: true })).toBe(AZURE);
    expect(chooseNode([AZURE], { ...WISHES, realNmi: true })).toBe(AZURE);
  });

  test.each(["kind://docker/kind/n", "k3s://n", undefined])("may be a local one: %s", (providerID) => {
    const local = node("n", providerID === undefined ? {} : { providerID });
    expect(chooseNode([local], WISHES)).toBe(local);
  });
});

test("NMI is known by the labels of its chart and of its deployment files", () => {
  const labelled = (labels: Record<string, string>): boolean => isNmi({ metadata: { name: "x", labels } });
  expect(labelled({ "app.kubernetes.io/component": "nmi" })).toBe(true);
  expect(labelled({ component: "nmi", tier: "node" })).toBe(true);
  expect(labelled({ component: "mic" })).toBe(false);
  expect(isNmi({ metadata: { name: "nmi" } })).toBe(false);
});
