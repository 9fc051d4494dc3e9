import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { manifest } from "../../src/cli/manifest.js";
import { COMMANDS } from "../../src/cli/command-table.js";
import { STRATEGY_NAMES, type StrategyName } from "../../src/cli/manifests/strategy-names.js";
import { STRATEGIES } from "../../src/cli/manifests/strategies.js";
import { withoutComments, writeYaml, type YamlMap } from "../../src/cli/manifests/yaml.js";
import { runCli } from "../../src/cli/run-cli.js";
import { testIo } from "../cli/cli-io.js";
import { misfits, type KubernetesDocument } from "./manifest-misfits.js";
import { missingKubectl } from "./kubectl/kubectl-setup.js";
import { BASE_KUSTOMIZATION, common, OVERLAY_KUSTOMIZATION, patchOf } from "./overlays.js";

const EXAMPLES = new URL("../../examples/kubernetes/", import.meta.url);
/** `UPDATE_README=1` writes the files anew. */
const update = process.env["UPDATE_README"] === "1";

function expectFile(path: string, content: string): void {
  const url = new URL(path, EXAMPLES);
  if (update) {
    mkdirSync(new URL(".", url), { recursive: true });
    writeFileSync(url, content);
  }
  expect(readFileSync(url, "utf8")).toBe(content);
}

const file = (path: string): unknown =>
  parse(readFileSync(new URL(path, EXAMPLES), "utf8"), { version: "1.1" });

/** The pod as `manifest` makes it where nobody says anything. */
async function printed(name: StrategyName): Promise<string> {
  const io = testIo();
  const commands = COMMANDS.map((row) => (row.name === "manifest" ? { ...row, load: () => manifest } : row));
  expect(await runCli(["manifest", name], io, commands)).toBe(0);
  return `${io.said.join("\n")}\n`;
}

const PODS = STRATEGY_NAMES.map((name) => {
  const image = "registry.example/app:1.0.0";
  return [name, STRATEGIES[name]({ image, cliImage: image, oid: undefined, port: 8086 })] as const;
});
const plain = PODS.map(([, pod]) => withoutComments(pod) as YamlMap);
const BASE = plain.reduce(common);

describe("examples/kubernetes", () => {
  test.each(PODS)("has the pod of %s as it is printed", async (name, pod) => {
    expect(await printed(name)).toBe(`${writeYaml(pod)}\n`);
    expectFile(`${name}/pod.yaml`, await printed(name));
  });

  test("has a base of what all pods have in common", () => {
    expectFile("base/kustomization.yaml", `${writeYaml(BASE_KUSTOMIZATION)}\n`);
    expectFile("base/pod.yaml", `${writeYaml(BASE)}\n`);
  });

  test.each(PODS)("has an overlay for %s", (name, pod) => {
    const comments = Object.fromEntries(Object.entries(pod).filter(([key]) => key.startsWith("#")));
    const patch = patchOf(BASE, { ...comments, ...(withoutComments(pod) as YamlMap) });
    expectFile(`${name}/kustomization.yaml`, `${writeYaml(OVERLAY_KUSTOMIZATION)}\n`);
    expectFile(`${name}/patch.yaml`, `${writeYaml(patch)}\n`);
  });

  test("has no folder of any other strategy", () => {
    const folders = readdirSync(EXAMPLES, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map(({ name }) => name).toSorted()).toEqual(["base", ...STRATEGY_NAMES].toSorted());
  });

  const page = readFileSync(new URL("README.md", EXAMPLES), "utf8");
  test.each(STRATEGY_NAMES)("says on its page what %s is", (name) => {
    expect(page).toContain(`[${name}](${name}/pod.yaml)`);
  });
});

describe("by the types of the Kubernetes API", () => {
  const paths = [...STRATEGY_NAMES.map((name) => `${name}/pod.yaml`), "base/pod.yaml", "network-policy.yaml"];

  test("every manifest is what it says, with no field that there is not", () => {
    const documents = paths.map(
      (path) => [path.replace("/", "-"), file(path) as KubernetesDocument] as const,
    );
    expect(misfits(Object.fromEntries(documents))).toEqual([]);
  });

  const container = { name: "app", image: "app" };
  test.each([
    ["a misspelt field", { ...container, readynessProbe: {} }, "'\"readynessProbe\"' does not exist"],
    [
      "a misspelt field further in",
      { ...container, livenessProbe: { periodSecond: 5 } },
      "'\"periodSecond\"' does not exist",
    ],
    [
      "a number that is a text",
      { ...container, livenessProbe: { periodSeconds: "5" } },
      "not assignable to type 'number'",
    ],
    ["a container without a name", { image: "app" }, "'name' is missing"],
  ])("%s is found", (_, broken, complaint) => {
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "app" }, spec: { containers: [broken] } };
    expect(misfits({ pod })).toEqual([expect.stringContaining(complaint)]);
  });
});

/** A merge adds variables in front: their order means nothing, since none refers to another. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, each]: [string, unknown]) => {
    const isEnv = key === "env" && Array.isArray(each);
    return [
      key,
      isEnv ? each.toSorted((one: Named, other: Named) => one.name.localeCompare(other.name)) : inOrder(each),
    ];
  });
  return Object.fromEntries(entries) as unknown;
}

interface Named {
  readonly name: string;
}

describe.skipIf(missingKubectl() !== undefined)("Kustomize", () => {
  test.each(STRATEGY_NAMES)("renders %s as the pod that is printed", (name) => {
    const folder = fileURLToPath(new URL(name, EXAMPLES));
    const { stdout, stderr } = spawnSync("kubectl", ["kustomize", folder], { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(inOrder(parse(stdout, { version: "1.1" }))).toEqual(inOrder(file(`${name}/pod.yaml`)));
  });
});
