import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import type { AffinityJson, DaemonSetJson } from "./kubernetes-types.js";
import { nodeLeftOut, patchCommand, putBack, leaveOut } from "./leave-node-out.js";

const ENTRY = { key: "metadata.name", operator: "NotIn", values: ["node-1"] };
const TERM = { matchExpressions: [{ key: "pool", operator: "Exists" }] };
const ROLLING = { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1 } };

const required = (...nodeSelectorTerms: readonly object[]): AffinityJson => ({
  nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
});
const nmiWith = (affinity: AffinityJson | undefined, image = "nmi:1"): DaemonSetJson => ({
  metadata: { name: "nmi", namespace: "kube-system", annotations: { theirs: "kept" } },
  spec: {
    updateStrategy: ROLLING,
    template: { spec: { containers: [{ image }], ...(affinity && { affinity }) } },
  },
});
const preferred = { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1 }] };

const AFFINITIES: readonly (readonly [string, AffinityJson | undefined])[] = [
  ["no affinity", undefined],
  ["an empty affinity", {}],
  ["an empty node affinity", { nodeAffinity: {} }],
  ["another affinity", { podAffinity: { kept: true } } as AffinityJson],
  ["a preference", { nodeAffinity: preferred } as AffinityJson],
  ["alternatives", required(TERM, { matchFields: [{ key: "x" }] })],
  ["an alternative that no node is", required({}, TERM)],
];

/** As the API server has it: nothing that is undefined. */
const asJson = (daemonSet: DaemonSetJson): unknown => JSON.parse(JSON.stringify(daemonSet));

describe("a DaemonSet without one node", () => {
  test("leaves it out in each of its alternatives, and renews no other pod", () => {
    const given = { podAffinity: { kept: true }, ...required(TERM, { matchFields: [{ key: "x" }] }, {}) };
    const { spec } = leaveOut(nmiWith(given), "node-1");
    expect(spec.updateStrategy).toEqual({ type: "OnDelete" });
    expect(spec.template.spec).toEqual({
      containers: [{ image: "nmi:1" }],
      affinity: {
        podAffinity: { kept: true },
        ...required({ ...TERM, matchFields: [ENTRY] }, { matchFields: [{ key: "x" }, ENTRY] }, {}),
      },
    });
  });

  test("says which one it is, and leaves it out once", () => {
    const once = leaveOut(nmiWith(required(TERM)), "node-1");
    expect(nodeLeftOut(once)).toBe("node-1");
    expect(leaveOut(once, "node-1")).toEqual(once);
  });

  test.each(AFFINITIES)("with %s is put back as it was", (_, affinity) => {
    const nmi = nmiWith(affinity);
    const leftOut = leaveOut(nmi, "node-1");
    expect(leftOut.spec).not.toEqual(nmi.spec);
    expect(asJson(putBack(leftOut, "node-1"))).toEqual(nmi);
    // Left so by a run that was cut off, and once more by this one.
    expect(asJson(putBack(leaveOut(leftOut, "node-1"), "node-1"))).toEqual(nmi);
  });

  test("is not put back where it has the node", () => {
    const nmi = nmiWith(required({ matchFields: [{ ...ENTRY, values: ["node-2"] }] }));
    expect(putBack(nmi, "node-1")).toBe(nmi);
  });

  test("keeps what others changed meanwhile", () => {
    const leftOut = leaveOut(nmiWith(undefined), "node-1");
    const theirs = {
      updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 5 } },
      template: { spec: { containers: [{ image: "nmi:2" }], affinity: required(TERM) } },
    };
    expect(asJson(putBack({ ...leftOut, spec: theirs }, "node-1"))).toEqual({
      ...nmiWith(undefined),
      spec: theirs,
    });
    const theirTerm = {
      ...leftOut.spec,
      template: { spec: { affinity: required(TERM, { matchFields: [ENTRY] }) } },
    };
    expect(putBack({ ...leftOut, spec: theirTerm }, "node-1").spec).toEqual({
      updateStrategy: ROLLING,
      template: { spec: { affinity: required(TERM) } },
    });
  });
});

/** kubectl patches a file without asking any server. */
const able = spawnSync("kubectl", ["version", "--client"]).status === 0;

describe.skipIf(!able)("the command for it", () => {
  /** What it makes of a DaemonSet; or of it, what kubectl says. */
  function patched(command: string, daemonSet: DaemonSetJson): unknown {
    const file = JSON.stringify({ apiVersion: "apps/v1", kind: "DaemonSet", ...daemonSet });
    const local = command.replace("patch daemonset nmi", "patch --local --filename=- --output=json");
    const env = { PATH: process.env["PATH"], KUBECONFIG: "/dev/null" };
    const { stdout, stderr } = spawnSync("sh", ["-c", local.replace("--context here ", "")], {
      input: file,
      encoding: "utf8",
      env,
    });
    return stdout === "" ? stderr : JSON.parse(stdout);
  }

  test.each(AFFINITIES)("puts it back with %s, an upgrade notwithstanding", (_, affinity) => {
    const leftOut = leaveOut(nmiWith(affinity), "node-1");
    const command = patchCommand(leftOut, "node-1", "here");
    expect(command).toMatch(/^kubectl --context here --namespace kube-system patch daemonset nmi /u);
    expect(patched(command, leftOut)).toMatchObject(nmiWith(affinity));
    const upgraded = leaveOut(nmiWith(affinity, "nmi:2"), "node-1");
    const back = patched(command, upgraded) as DaemonSetJson;
    expect(back).toMatchObject(nmiWith(affinity, "nmi:2"));
    expect(back.spec).toEqual(nmiWith(affinity, "nmi:2").spec);
    expect(back.metadata.annotations).toEqual({ theirs: "kept" });
  });

  test("is refused where somebody has changed the affinity", () => {
    const leftOut = leaveOut(nmiWith(undefined), "node-1");
    const command = patchCommand(leftOut, "node-1", "here");
    expect(patched(command, leaveOut(nmiWith(required(TERM)), "node-1"))).toContain("test");
  });
});
