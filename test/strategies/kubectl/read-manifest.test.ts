import { describe, expect, test } from "vitest";
import { manifestOf, VARIANT_NAMES } from "../variants.js";
import { isLabelled, placeManifest, type Placement } from "./read-manifest.js";

const PLACEMENT: Placement = {
  namespace: "test-1",
  hostname: "host-1",
  images: { application: "registry/app:1", commandLine: "registry/cli:1" },
  imagePullPolicy: "Never",
  environment: {},
  applications: { guarded: ["node", "/app/guarded.mjs"] },
};

const POD = `
apiVersion: v1
kind: Pod
metadata: { name: app, namespace: default, labels: { app: app, aadpodidbinding: app } }
spec:
  nodeSelector: { kubernetes.io/os: linux }
  initContainers:
    - { name: wait, image: my-cli:1.0.0, command: [azure-identity-guard, wait, nmi] }
  containers:
    - name: app
      image: my-app:1.0.0
      env:
        - { name: EXPECTED, value: from-the-manifest }
        - { name: HOST_IP, valueFrom: { fieldRef: { fieldPath: status.hostIP } } }
`;

const POLICY = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: app }\n";
const BINDING = "apiVersion: aadpodidentity.k8s.io/v1\nkind: AzureIdentityBinding\nmetadata: { name: app }\n";

const cellOf = (manifest: string): Parameters<typeof placeManifest>[0] => ({
  manifest,
  strategy: "",
  labelled: true,
});
const podOf = (
  manifest: string,
  placement: Partial<Placement> = {},
  cell: { readonly strategy?: string; readonly labelled?: boolean } = {},
): unknown => placeManifest({ ...cellOf(manifest), ...cell }, { ...PLACEMENT, ...placement }).at(-1)?.body;

describe("a manifest on a cluster", () => {
  test("is in the test's namespace, on the one node, with the images that were given", () => {
    expect(podOf(POD)).toEqual({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "app", namespace: "test-1", labels: { app: "app", aadpodidbinding: "app" } },
      spec: {
        nodeSelector: { "kubernetes.io/os": "linux", "kubernetes.io/hostname": "host-1" },
        initContainers: [
          {
            name: "wait",
            image: "registry/cli:1",
            command: ["azure-identity-guard", "wait", "nmi"],
            imagePullPolicy: "Never",
            env: [],
          },
        ],
        containers: [
          {
            name: "app",
            image: "registry/app:1",
            imagePullPolicy: "Never",
            env: [
              { name: "EXPECTED", value: "from-the-manifest" },
              { name: "HOST_IP", valueFrom: { fieldRef: { fieldPath: "status.hostIP" } } },
            ],
          },
        ],
      },
    });
  });

  test("lacks the identity label in the cells that are about that", () => {
    expect(podOf(POD, {}, { labelled: false })).toMatchObject({ metadata: { labels: { app: "app" } } });
    expect(podOf(POD, {}, { labelled: false })).not.toHaveProperty("metadata.labels.aadpodidbinding");
    expect(isLabelled({ manifest: POD, labelled: true })).toBe(true);
    expect(isLabelled({ manifest: POD, labelled: false })).toBe(false);
    expect(isLabelled({ manifest: POD.replace("aadpodidbinding", "other"), labelled: true })).toBe(false);
  });

  test("runs the strategy's application where that is left to the image", () => {
    const strategy = "guarded";
    const command = ["node", "/app/guarded.mjs"];
    expect(podOf(POD, {}, { strategy })).toMatchObject({ spec: { containers: [{ name: "app", command }] } });
    const shell = POD.replace("command: [azure-identity-guard, wait, nmi]", "args: [wait]");
    expect(podOf(shell, {}, { strategy })).not.toHaveProperty("spec.initContainers.0.command");
    const given = POD.replace("image: my-app:1.0.0", "image: my-app:1.0.0\n      args: [serve]");
    expect(podOf(given, {}, { strategy })).not.toHaveProperty("spec.containers.0.command");
  });

  test("takes the cluster's own values", () => {
    const placed = podOf(POD, { binding: "theirs", environment: { EXPECTED: "mine", UNKNOWN: "left out" } });
    expect(placed).toHaveProperty("metadata.labels.aadpodidbinding", "theirs");
    expect(placed).toHaveProperty("spec.containers.0.env.0", { name: "EXPECTED", value: "mine" });
    expect(JSON.stringify(placed)).not.toContain("UNKNOWN");
  });

  test("has its other objects created first, and no identities", () => {
    const placed = placeManifest(cellOf([POD, POLICY, BINDING].join("---\n")), PLACEMENT);
    expect(placed.map(({ collection, name }) => `${collection}/${name}`)).toEqual([
      "/apis/networking.k8s.io/v1/namespaces/test-1/networkpolicies/app",
      "/api/v1/namespaces/test-1/pods/app",
    ]);
    expect(placed[0]?.body).toHaveProperty("metadata.namespace", "test-1");
  });

  test.each([
    ["a kind that is not known", `${POD}---\nkind: ClusterRole\nmetadata: { name: x }\n`, '"ClusterRole"'],
    ["no pod", POLICY, "0 pods"],
    ["two pods", `${POD}---${POD}`, "2 pods"],
    ["no YAML", "kind: [", "no YAML"],
  ])("is refused with %s", (_, manifest, words) => {
    expect(() => placeManifest(cellOf(manifest), PLACEMENT)).toThrow(words);
  });
});

interface Pod {
  readonly spec: Readonly<Record<"initContainers" | "containers", readonly Container[]>>;
}
interface Container {
  readonly name: string;
  readonly image: string;
  readonly imagePullPolicy: string;
}

test("the command line's own image goes to all containers of the shipped manifests that run it, and to no other", () => {
  const containers = VARIANT_NAMES.flatMap((strategy) => {
    const { spec } = podOf(manifestOf(strategy)) as Pod;
    return [...spec.initContainers, ...spec.containers].map((container) => ({ strategy, ...container }));
  });
  const named = containers.filter(({ image }) => image === "registry/cli:1");
  expect(named.map(({ strategy, name }) => `${strategy}: ${name}`).toSorted()).toEqual([
    "arm-init: wait-for-arm",
    "nmi-init: wait-for-nmi",
    "sidecar: identity-guard",
    "token-init: wait-for-token",
  ]);
  const others = containers.filter((container) => !named.includes(container));
  expect([...new Set(others.map(({ image }) => image))]).toEqual(["registry/app:1"]);
  // What else they ask for is on no node before they come.
  expect([...new Set(containers.map(({ imagePullPolicy }) => imagePullPolicy))]).toEqual(["Never"]);
});
