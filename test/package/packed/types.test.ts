import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, inject, test } from "vitest";
import { root } from "../manifest.js";
import { run } from "./run.js";

const { project, tarball } = inject("packed");
const tsc = join(root, "node_modules/typescript/bin/tsc");
const tool = (name: string): string => join(root, "node_modules/.bin", name);

describe("a strict TypeScript project that checks its libraries too", () => {
  test("compiles against the packed types, as ESM and as CommonJS", async () => {
    const ran = await run(process.execPath, [tsc, "-p", "consumer"], { cwd: project });
    expect(ran).toEqual({ status: 0, stdout: "", stderr: "" });
  });

  test.each(["esm.mts", "cjs.cts"])("is told of a misspelt option in %s", async (name) => {
    const file = join(project, "consumer", name);
    const text = await readFile(file, "utf8");
    try {
      await writeFile(file, text.replaceAll("budgetMs", "budgetMilliseconds"));
      const ran = await run(process.execPath, [tsc, "-p", "consumer"], { cwd: project });
      expect(ran.stdout).toMatch(new RegExp(`^consumer/${name}\\(.*budgetMilliseconds`, "m"));
    } finally {
      await writeFile(file, text);
    }
  });
});

test("publint has nothing to say, suggestions included", async () => {
  const ran = await run(tool("publint"), ["run", tarball, "--strict"], { cwd: project });
  expect(ran).toMatchObject({ status: 0 });
  expect(ran.stdout).toContain("All good!");
});

test("arethetypeswrong finds every entry resolved alike by code and types", async () => {
  // Its profile leaves out `node10`, which knows no exports and so no subpaths.
  const args = [tarball, "--profile", "node16", "--no-color", "--no-emoji"];
  const ran = await run(tool("attw"), args, { cwd: project });
  expect(ran).toMatchObject({ status: 0 });
});
