import { homedir, tmpdir } from "node:os";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, test } from "vitest";
import {
  commandEntries,
  executableEntries,
  libraryEntries,
  programEntries,
  registerEntries,
} from "../../../tsup.config.js";
import { manifest, root } from "../manifest.js";
import { run, succeed } from "./run.js";

const SCOPE = "https://vault.azure.net/.default";
const { files, size, unpackedSize, project } = inject("packed");
const paths = files.map(({ path }) => path);

/** Files that an entry of the build becomes. */
const expected = [
  ...Object.keys(libraryEntries).flatMap((name) =>
    [".js", ".d.ts", ".cjs", ".d.cts"].map((ending) => `dist/${name}${ending}`),
  ),
  ...Object.keys({ ...programEntries, ...registerEntries.esm }).flatMap((name) => [`dist/${name}.js`]),
  ...Object.keys({ ...registerEntries.cjs, ...executableEntries, ...commandEntries }).map(
    (name) => `dist/${name}.cjs`,
  ),
];

describe("the tarball", () => {
  test("holds dist, README.md, LICENSE and package.json, and nothing else at the top", () => {
    const top = new Set(paths.map((path) => path.split("/")[0]));
    expect([...top].sort()).toEqual(["LICENSE", "README.md", "dist", "package.json"]);
  });

  test.each(expected)("holds %s", (path) => {
    expect(paths).toContain(path);
  });

  test("holds in dist only what the entries became, and what they share", () => {
    const shared = /^dist\/[\w-]+-[\w-]{8}\.(js|cjs|d\.ts|d\.cts)$/;
    const other = paths.filter((path) => path.startsWith("dist/") && !expected.includes(path));
    expect(other.filter((path) => !shared.test(path))).toEqual([]);
  });

  test("has an executable that starts where it is installed", async () => {
    const installed = join(project, "node_modules/.bin", manifest.name);
    expect(await succeed(installed, ["--version"], { cwd: project })).toBe(`${manifest.version}\n`);
  });

  test("has commands that find the library", async () => {
    const installed = join(project, "node_modules/.bin", manifest.name);
    const ran = await run(installed, ["check", "token", "--scope", SCOPE, "--gate", "nmi"], { cwd: project });
    expect({ ...ran, stderr: "" }).toEqual({ status: 2, stdout: "", stderr: "" });
    expect(ran.stderr).toContain("HOST_IP");
  });

  test("is small: at most 500 KB packed and 2.5 MB unpacked", () => {
    expect(size).toBeLessThanOrEqual(500_000);
    expect(unpackedSize).toBeLessThanOrEqual(2_500_000);
  });

  test.each([
    ["the project's folder", root],
    ["the home folder", join(homedir(), "/")],
    ["the folder for temporary files", join(tmpdir(), "/packed-")],
    ["the registry's address", "registry.npmjs"],
  ])("names nowhere %s", (_what, text) => {
    const naming = paths.filter((path) =>
      readFileSync(join(project, "node_modules", manifest.name, path), "utf8").includes(text),
    );
    expect(naming).toEqual([]);
  });
});
