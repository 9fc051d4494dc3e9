import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { addAddress, REMOVE_ADDRESS, simulatorObject } from "./simulator-objects.js";

const IMAGES = {
  simulator: "registry/cli:1",
  simulatorPath: "/main.js",
  tools: "tools:1",
  pulled: ["a:1", "b:1"],
};

interface DaemonSet {
  readonly spec: { readonly template: { readonly spec: PodSpec } };
}
interface PodSpec {
  readonly nodeSelector: object;
  readonly initContainers: readonly Container[];
  readonly containers: readonly Container[];
}
interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly securityContext?: { readonly capabilities?: object; readonly privileged?: boolean };
}

const podOf = (labelled: boolean): PodSpec =>
  (
    simulatorObject(
      { namespace: "test-1", hostname: "host-1", shadowMetadata: false },
      IMAGES,
      labelled,
    ) as DaemonSet
  ).spec.template.spec;

describe("the simulated node as a DaemonSet", () => {
  test("is on one node", () => {
    expect(podOf(true).nodeSelector).toEqual({ "kubernetes.io/hostname": "host-1" });
  });

  test("is nobody's superuser", () => {
    const { initContainers, containers } = podOf(true);
    const privileges = [...initContainers, ...containers].map(({ name, securityContext: given }) => [
      name,
      given?.privileged,
      given?.capabilities,
    ]);
    expect(privileges).toEqual([
      ["pull-0", undefined, undefined],
      ["pull-1", undefined, undefined],
      ["add-address", undefined, { drop: ["ALL"], add: ["NET_ADMIN"] }],
      ["simulator", undefined, { drop: ["ALL"], add: ["NET_BIND_SERVICE"] }],
      ["address", undefined, { drop: ["ALL"], add: ["NET_ADMIN"] }],
    ]);
  });

  test("knows no pod by its address where the pod lacks its label", () => {
    const argsOf = (labelled: boolean): string => podOf(labelled).containers[0]?.args?.join(" ") ?? "";
    expect(argsOf(true)).not.toContain("--pod");
    expect(argsOf(false)).toContain("--pod app=192.0.2.1 --pod unlabelled");
  });
});

/** Whether this machine lets a test have interfaces of its own. */
const able = spawnSync("unshare", ["--net", "ip", "link", "set", "lo", "up"]).status === 0;

describe.skipIf(!able)("the address", () => {
  /** In a network namespace of its own. Says `ended: CODE` after each script, and the addresses in the end. */
  function inNamespace(...scripts: readonly string[]): string {
    const all = scripts.map((script) => `( ${script} ); echo "ended: $?"`);
    const whole = [NO_SERVICE, "ip link set lo up", ...all, "ip addr show dev lo"].join("\n");
    return spawnSync("unshare", ["--net", "sh", "-c", whole], { encoding: "utf8" }).stdout;
  }
  // Nothing is asked of any network.
  const NO_SERVICE = "wget() { return 1; }";
  const SERVICE = `wget() { echo "wget: server returned error: HTTP/1.1 404 Not Found" >&2; return 1; }`;
  const ADD_ADDRESS = addAddress(false).replaceAll("timeout 5 wget", "wget");
  const ends = (output: string): string[] =>
    [...output.matchAll(/ended: (\d+)/gu)].map(([, code = ""]) => code);
  const OURS = "inet 169.254.169.254/32 scope global lo:guard-test";
  const THEIRS = "ip addr add 169.254.169.254/32 dev lo";

  test("is added, and removed", () => {
    const added = inNamespace(ADD_ADDRESS);
    expect(ends(added)).toEqual(["0"]);
    expect(added).toContain(OURS);
    const removed = inNamespace(ADD_ADDRESS, REMOVE_ADDRESS);
    expect(ends(removed)).toEqual(["0", "0"]);
    expect(removed).not.toContain("169.254.169.254/");
  });

  test("is taken over from a run that was killed", () => {
    const output = inNamespace(ADD_ADDRESS, ADD_ADDRESS);
    expect(ends(output)).toEqual(["0", "0"]);
    expect(output.split(OURS)).toHaveLength(2);
  });

  test("is left alone where it is somebody else's", () => {
    const output = inNamespace(THEIRS, ADD_ADDRESS, REMOVE_ADDRESS);
    expect(ends(output)).toEqual(["0", "1", "1"]);
    expect(output).toContain("not from this test");
    expect(output).toContain("inet 169.254.169.254/32 scope global lo\n");
  });

  test("is not added where a metadata service answers, unless that may be hidden", () => {
    const refused = inNamespace(`${SERVICE}\n${ADD_ADDRESS}`);
    expect(ends(refused)).toEqual(["1"]);
    expect(refused).toContain("--shadow-metadata");
    expect(refused).not.toContain("169.254.169.254/");
    expect(inNamespace(`${SERVICE}\n${addAddress(true)}`)).toContain(OURS);
  });
});
