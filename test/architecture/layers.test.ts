import { describe, expect, test } from "vitest";
import {
  commandEntries,
  executableEntries,
  libraryEntries,
  programEntries,
  registerEntries,
} from "../../tsup.config.js";
import { findCycle, layerOf, wrongImports } from "./layers.js";
import { readSources, sourceFile } from "./source-graph.js";

const sources = readSources();
const graph = new Map([...sources].map(([path, { imports }]) => [path, imports]));

test("every file of src has a layer", () => {
  expect([...sources.keys()].filter((path) => layerOf(path) === undefined)).toEqual([]);
});

test("every relative import names a file of src", () => {
  const missing = [...sources.values()].flatMap(({ path, imports }) =>
    imports.filter((target) => !sources.has(target)).map((target) => `${path} -> ${target}`),
  );
  expect(missing).toEqual([]);
});

test("imports point to the same layer or one below, and never to another edge", () => {
  expect(wrongImports(sources.values())).toEqual([]);
});

test("no chain of imports comes back to where it began", () => {
  expect(findCycle(graph)).toBeUndefined();
});

test("every file of src is reached from an entry of the build", () => {
  const { esm, cjs } = registerEntries;
  const commands = { ...executableEntries, ...commandEntries };
  const entries = Object.values({ ...libraryEntries, ...programEntries, ...commands, ...esm, ...cjs });
  const open = entries.map((entry) => entry.replace(/^src\//, ""));
  const reached = new Set<string>();
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (reached.has(path)) continue;
    reached.add(path);
    open.push(...(graph.get(path) ?? []));
  }
  expect([...sources.keys()].filter((path) => !reached.has(path))).toEqual([]);
});

describe("the rules themselves", () => {
  test.each([
    ["config/options.ts", 'import { a } from "../gate/nmi-gate.js";'],
    ["retry/verdict.ts", 'import type { A } from "../endpoint/http-client.js";'],
    ["retry/verdict.ts", 'import { a } from "./run-attempts.js";'],
    ["gate/gate.ts", 'export { a } from "../guard/guard.js";'],
    ["errors.ts", 'type A = import("./retry/verdict.js").A;'],
    ["guard/guard.ts", 'const a = await import("../testing/index.js");'],
    ["guard/guard.ts", 'import { a } from "../index.js";'],
    ["probes/metrics.ts", 'import { a } from "../testing/nmi.js";'],
    ["cli/serve.ts", 'import { a } from "../testing/nmi.js";'],
    ["testing/nmi.ts", 'import { a } from "../cli/demo.js";'],
    ["register/install.ts", 'import { a } from "../testing/index.js";'],
    ["probes/index.ts", 'import { a } from "../register.js";'],
  ])("refuse in %s: %s", (path, text) => {
    expect(wrongImports([sourceFile(path, text)])).toHaveLength(1);
  });

  test.each([
    ["cli/demo.ts", 'import { a } from "../testing/nmi.js";'],
    ["cli/demo-worker.ts", 'import { a } from "../index.js";'],
    ["register.ts", 'import { a } from "./register/install.js";'],
    ["register/install.ts", 'import { a } from "../probes/index.js";'],
    ["testing/nmi.ts", 'import { a } from "../clock.js";'],
    ["gate/gate-watcher.ts", 'import { a } from "../retry/run-attempts.js";'],
  ])("allow in %s: %s", (path, text) => {
    expect(wrongImports([sourceFile(path, text)])).toEqual([]);
  });

  test("a circle of three is found, from wherever the search begins", () => {
    const circle = new Map([
      ["start", ["a"]],
      ["a", ["b"]],
      ["b", ["c"]],
      ["c", ["a"]],
    ]);
    expect(findCycle(circle)).toEqual(["a", "b", "c", "a"]);
  });
});
