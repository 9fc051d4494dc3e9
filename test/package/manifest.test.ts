import { describe, expect, test } from "vitest";
import { executableEntries, libraryEntries } from "../../tsup.config.js";
import { manifest, readJson } from "./manifest.js";

const INSTALL_SCRIPTS = ["preinstall", "install", "postinstall", "prepare", "prepublish"];

describe("exports", () => {
  const subpaths = Object.entries(manifest.exports).filter(([subpath]) => subpath !== "./package.json");

  test("name exactly what is built as a library", () => {
    const names = subpaths.map(([subpath]) => (subpath === "." ? "index" : subpath.slice(2)));
    expect(names.sort()).toEqual(Object.keys(libraryEntries).sort());
  });

  test.each(subpaths)("of %s give types before code, in both formats", (subpath, conditions) => {
    const file = `./dist/${subpath === "." ? "index" : subpath.slice(2)}`;
    expect(JSON.stringify(conditions)).toBe(
      JSON.stringify({
        import: { types: `${file}.d.ts`, default: `${file}.js` },
        require: { types: `${file}.d.cts`, default: `${file}.cjs` },
      }),
    );
  });

  test("include package.json, which tools read", () => {
    expect(manifest.exports["./package.json"]).toBe("./package.json");
  });
});

test("the executable has the name of the package, so that npx finds it, and is what is built for it", () => {
  expect(manifest.bin).toEqual({ [manifest.name]: "dist/cli/main.cjs" });
  expect(Object.keys(executableEntries)).toEqual(["cli/main"]);
});

test("only what register does is done by loading alone", () => {
  expect(manifest.sideEffects).toEqual(["./dist/register.js", "./dist/register.cjs"]);
});

test("nothing runs when the package is installed", () => {
  expect(Object.keys(manifest.scripts).filter((name) => INSTALL_SCRIPTS.includes(name))).toEqual([]);
});

test("only dist is published, beside what npm always adds", () => {
  expect(manifest.files).toEqual(["dist"]);
});

test("the licence is MIT", () => {
  expect(manifest.license).toBe("MIT");
});

describe("the lock file", () => {
  const lock = readJson("package-lock.json") as {
    readonly version: string;
    readonly packages: Readonly<Record<string, { readonly resolved?: string; readonly integrity?: string }>>;
  };

  test("is of this version", () => {
    expect(lock.version).toBe(manifest.version);
  });

  test("holds no download address", () => {
    const addressed = Object.entries(lock.packages).filter(([, { resolved }]) => resolved !== undefined);
    expect(addressed.map(([path]) => path)).toEqual([]);
  });

  test("holds a checksum of every package", () => {
    const unchecked = Object.entries(lock.packages).filter(
      ([path, { integrity }]) => path !== "" && integrity === undefined,
    );
    expect(unchecked.map(([path]) => path)).toEqual([]);
  });
});
