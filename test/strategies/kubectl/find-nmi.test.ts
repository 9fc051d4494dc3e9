import { describe, expect, test } from "vitest";
import { checkLeftOut, findNmi } from "./find-nmi.js";
import type { DaemonSetJson } from "./kubernetes-types.js";
import { leaveOut } from "./leave-node-out.js";

const NMI: DaemonSetJson = {
  metadata: { name: "nmi", namespace: "kube-system" },
  spec: { updateStrategy: { type: "RollingUpdate" }, template: { spec: {} } },
};

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

  test("may be without the node where a run was cut off, and without another one not", () => {
    const leftOut = leaveOut(NMI, "node-1");
    expect(() => checkLeftOut(NMI, "node-1", "here")).not.toThrow();
    expect(() => checkLeftOut(leftOut, "node-1", "here")).not.toThrow();
    expect(() => checkLeftOut(leftOut, "node-2", "here")).toThrow("--node node-1");
    expect(() => checkLeftOut(leftOut, "node-2", "here")).toThrow("kubectl --context here");
  });

  test("is not given a node that somebody else has left out", () => {
    const theirs = { ...NMI, spec: leaveOut(NMI, "node-1").spec };
    expect(() => checkLeftOut(theirs, "node-1", "here")).toThrow("not by this test");
    expect(() => checkLeftOut(theirs, "node-2", "here")).not.toThrow();
  });
});
