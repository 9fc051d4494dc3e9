import { describe, expect, test } from "vitest";
import { simulatorObject } from "./simulator-objects.js";

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
  readonly shareProcessNamespace: boolean;
  readonly initContainers: readonly Container[];
  readonly containers: readonly Container[];
}
interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly command: readonly string[];
  readonly imagePullPolicy?: string;
  readonly restartPolicy?: string;
  readonly startupProbe?: { readonly exec: { readonly command: readonly string[] } };
  readonly terminationMessagePolicy?: string;
  readonly lifecycle?: object;
  readonly securityContext?: { readonly capabilities?: object; readonly privileged?: boolean };
}

const podOf = (labelled: boolean, images = IMAGES): PodSpec =>
  (
    simulatorObject(
      { namespace: "test-1", hostname: "host-1", shadowMetadata: false },
      images,
      labelled,
    ) as DaemonSet
  ).spec.template.spec;

const allOf = ({ initContainers, containers }: PodSpec): readonly Container[] => [
  ...initContainers,
  ...containers,
];

describe("the simulated node as a DaemonSet", () => {
  test("is on one node", () => {
    expect(podOf(true).nodeSelector).toEqual({ "kubernetes.io/hostname": "host-1" });
  });

  test("is nobody's superuser", () => {
    const privileges = allOf(podOf(true)).map(({ name, securityContext: given }) => [
      name,
      given?.privileged,
      given?.capabilities,
    ]);
    expect(privileges).toEqual([
      ["pull-0", undefined, undefined],
      ["pull-1", undefined, undefined],
      ["pull-2", undefined, undefined],
      ["pull-3", undefined, undefined],
      ["address", undefined, { drop: ["ALL"], add: ["NET_ADMIN"] }],
      ["simulator", undefined, { drop: ["ALL"], add: ["NET_BIND_SERVICE"] }],
    ]);
  });

  test("has every image before the node has the address, and pulls none after it", () => {
    for (const images of [IMAGES, { ...IMAGES, simulator: "a:1", pulled: ["a:1"] }]) {
      const all = allOf(podOf(true, images));
      const address = all.findIndex(({ name }) => name === "address");
      const before = all.slice(0, address).map(({ image }) => image);
      expect(before).toEqual([...new Set([...images.pulled, images.simulator, images.tools])]);
      for (const { image, imagePullPolicy } of all.slice(address)) {
        expect(before).toContain(image);
        expect(imagePullPolicy).toBe("Never");
      }
    }
  });

  test("has the address from one container, which is there before the simulator and after it", () => {
    const pod = podOf(true);
    const changing = allOf(pod).filter(({ command }) => /ip addr (?:add|del)/u.test(command.join(" ")));
    expect(changing.map(({ name }) => name)).toEqual(["address"]);
    const [address] = changing;
    expect(pod.initContainers.at(-1)).toBe(address);
    expect(address?.restartPolicy).toBe("Always");
    expect(address?.startupProbe?.exec.command.join(" ")).toContain("lo:aig-1");
    expect(address?.terminationMessagePolicy).toBe("FallbackToLogsOnError");
    // A hook would not be run where the container is not up yet.
    expect(address?.lifecycle).toBeUndefined();
    // The first process of a PID namespace does not hear SIGTERM before it has set a trap.
    expect(pod.shareProcessNamespace).toBe(true);
  });

  test("knows no pod by its address where the pod lacks its label", () => {
    const argsOf = (labelled: boolean): string => podOf(labelled).containers[0]?.args?.join(" ") ?? "";
    expect(argsOf(true)).not.toContain("--pod");
    expect(argsOf(false)).toContain("--pod app=192.0.2.1 --pod unlabelled");
  });
});
