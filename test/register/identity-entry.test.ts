import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { identityEntry, identityEntryOfUrl } from "../../src/register/identity-entry.js";

const root = mkdtempSync(join(tmpdir(), "identity-entry-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A package of this name in a folder of its own; without a manifest where `manifest` is undefined. */
function packageIn(folder: string, manifest: string | undefined): string {
  const path = join(root, folder);
  mkdirSync(path, { recursive: true });
  if (manifest !== undefined) writeFileSync(join(path, "package.json"), manifest);
  return path;
}

const identity = (version: string): string => JSON.stringify({ name: "@azure/identity", version });

describe("the main file of a copy of @azure/identity", () => {
  test.each(["dist/index.js", "dist/esm/index.js", "dist/commonjs/index.js"])("is found as %s", (file) => {
    const folder = packageIn("plain/node_modules/@azure/identity", identity("4.1.2"));
    expect(identityEntry(join(folder, file))).toEqual({ folder, version: "4.1.2" });
  });

  test("is found in what is installed here, by both formats", () => {
    const path = createRequire(import.meta.url).resolve("@azure/identity");
    const folder = dirname(dirname(dirname(path)));
    expect(identityEntry(path)?.folder).toBe(folder);
    expect(identityEntry(join(folder, "dist/esm/index.js"))?.folder).toBe(folder);
  });

  test("is found under another name, where the package is one of @azure/identity", () => {
    const folder = packageIn("alias/node_modules/my-identity", identity("4.2.0"));
    expect(identityEntry(join(folder, "dist/esm/index.js"))).toEqual({ folder, version: "4.2.0" });
  });

  test.each([
    ["absent", undefined],
    ["broken", '{ "name": "@azure/identity"'],
  ])("is believed by its folder's name where the manifest is %s", (name, manifest) => {
    const folder = packageIn(`${name}/node_modules/@azure/identity`, manifest);
    expect(identityEntry(join(folder, "dist/commonjs/index.js"))?.folder).toBe(folder);
  });

  test("is found by its URL, with a query or without, and with what a URL escapes", () => {
    const folder = packageIn("a space#/node_modules/@azure/identity", identity("4.3.0"));
    const url = pathToFileURL(join(folder, "dist/esm/index.js")).href;
    for (const each of [url, `${url}?a=1`, `${url}#b`]) {
      expect(identityEntryOfUrl(each)).toEqual({ folder, version: "4.3.0" });
    }
  });
});

describe("no such main file", () => {
  const folder = packageIn("others/node_modules/@azure/identity", identity("4.1.2"));
  const other = packageIn(
    "others/node_modules/other",
    JSON.stringify({ name: "other", dependencies: { "@azure/identity": "4" } }),
  );

  test.each([
    join(folder, "dist/esm/credentials/index.js"),
    join(folder, "dist/esm/credentials/managedIdentityCredential/index.js"),
    join(folder, "dist/esm/errors.js"),
    join(folder, "index.js"),
    join(other, "dist/index.js"),
    join(root, "nothing/dist/index.js"),
  ])("is %s", (path) => {
    expect(identityEntry(path)).toBeUndefined();
    expect(identityEntryOfUrl(pathToFileURL(path).href)).toBeUndefined();
  });

  test.each(["node:fs", "data:text/javascript,0", "https://example.com/dist/index.js"])("is %s", (url) => {
    expect(identityEntryOfUrl(url)).toBeUndefined();
  });
});
