import ts from "typescript";
import { describe, expect, test } from "vitest";
import { layerOf } from "./layers.js";
import { readSources, sourceFile, visit, type SourceFile } from "./source-graph.js";

/** What pure modules may import: it computes only, with no file, socket, clock or environment. */
const HARMLESS: ReadonlySet<string> = new Set([
  "node:net isIPv4",
  "node:net isIPv6",
  "node:path isAbsolute", // looks at the text alone
  "jose/jwt/decode decodeJwt", // decodes only: no key, no request
]);

/** Where the library reads the environment of the process; programs of the command line pass theirs on. */
const ENVIRONMENT = "config/environment.ts";
const PROGRAMS = /^cli\//;

const sources = [...readSources().values()];

/** Whether a file reads the environment: `process.env`, `globalThis.process.env`, or what node:process exports. */
function readsEnvironment({ tree, packages }: SourceFile): boolean {
  let reads = packages.some((value) => /^(node:)?process (env|\*)$/.test(value));
  visit(tree, (node) => {
    if (!ts.isPropertyAccessExpression(node) && !ts.isElementAccessExpression(node)) return;
    const target = node.expression.getText(tree);
    const name = ts.isPropertyAccessExpression(node) ? node.name.text : node.argumentExpression.getText(tree);
    if (/(^|\.)process$/.test(target) && /^["']?env["']?$/.test(name)) reads = true;
  });
  visit(tree, (node) => {
    const takesApart =
      ts.isVariableDeclaration(node) &&
      ts.isObjectBindingPattern(node.name) &&
      node.initializer?.getText(tree) === "process" &&
      node.name.elements.some((element) => (element.propertyName ?? element.name).getText(tree) === "env");
    if (takesApart) reads = true;
  });
  return reads;
}

test("pure modules import nothing that does input or output or reads a clock", () => {
  const impure = sources
    .filter(({ path }) => layerOf(path) === "pure")
    .flatMap(({ path, packages }) =>
      packages.filter((name) => !HARMLESS.has(name)).map((name) => `${path} -> ${name}`),
    );
  expect(impure).toEqual([]);
});

test("built-ins are imported by their node: names", () => {
  const builtins =
    /^(assert|buffer|child_process|crypto|dns|events|fs|https?|module|net|os|path|process|stream|timers|tls|url|util)[/ ]/;
  const bare = sources.flatMap(({ path, packages }) =>
    packages.filter((name) => builtins.test(name)).map((name) => `${path} -> ${name}`),
  );
  expect(bare).toEqual([]);
});

test("the environment is read in one file", () => {
  const readers = sources.filter(readsEnvironment).map(({ path }) => path);
  expect(readers.filter((path) => !PROGRAMS.test(path))).toEqual([ENVIRONMENT]);
});

describe("reading the environment is recognised", () => {
  test.each([
    "const a = process.env;",
    'const a = process["env"]["HOST_IP"];',
    "const a = globalThis.process.env.HOST_IP;",
    "const { env } = process;",
    "const { env: all } = process;",
    'import { env } from "node:process";',
    'import { env as all } from "node:process";',
    'import process from "node:process";',
    'import * as process from "node:process";',
  ])("in %s", (text) => {
    expect(readsEnvironment(sourceFile("guard/guard.ts", text))).toBe(true);
  });
});

test("taking something else from node:process does not count as reading the environment", () => {
  const file = sourceFile("logger.ts", 'import { emitWarning } from "node:process";');
  expect(readsEnvironment(file)).toBe(false);
});
