import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PACKAGE_NAME, PACKAGE_VERSION } from "../../src/package-info.js";
import { readSources, root } from "./source-graph.js";

const MAX_LINES = 250;

const sources = [...readSources().values()];

test(`no file of src is longer than ${MAX_LINES} lines`, () => {
  const long = sources
    .map(({ path, text }) => ({ path, lines: text.trimEnd().split("\n").length }))
    .filter(({ lines }) => lines > MAX_LINES)
    .map(({ path, lines }) => `${path}: ${lines}`);
  expect(long).toEqual([]);
});

test("files are named in kebab case", () => {
  const odd = sources
    .map(({ path }) => path)
    .filter((path) => !/^([a-z0-9]+(-[a-z0-9]+)*\/)*[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(path));
  expect(odd).toEqual([]);
});

test("no file is named for being a heap of things", () => {
  const heaps = sources
    .map(({ path }) => path)
    .filter((path) => /(^|\/)(utils?|helpers?|types|common|misc)\.ts$/.test(path));
  expect(heaps).toEqual([]);
});

test("the name and the version in src are those of package.json", () => {
  const manifest: unknown = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  expect(manifest).toMatchObject({ name: PACKAGE_NAME, version: PACKAGE_VERSION });
});
