import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { bundlesIdentity } from "../../src/register/bundle.js";
import { newFolder } from "../integration/support/folder.js";

/** MSAL takes more room than that in any bundle. */
const REST = `/*${"x".repeat(100_000)}*/`;

describe("a script with @azure/identity inside", () => {
  test.each(["commonjs", "esm"])("is recognised by what the SDK's own files read (%s)", async (format) => {
    const folder = dirname(createRequire(import.meta.url).resolve("@azure/identity/package.json"));
    const file = "credentials/managedIdentityCredential/imdsMsi.js";
    const text = await readFile(join(folder, "dist", format, file), "utf8");
    await using place = await newFolder();
    const path = join(place.path, "bundle.js");
    await writeFile(path, text + REST);
    expect(bundlesIdentity(path)).toBe(true);
    await writeFile(path, text); // one that names the variable, and has no room for the rest
    expect(bundlesIdentity(path)).toBe(false);
    await writeFile(path, REST);
    expect(bundlesIdentity(path)).toBe(false);
  });

  test.each([fileURLToPath(import.meta.url), import.meta.dirname, "/nowhere/app"])("is not %s", (path) => {
    expect(bundlesIdentity(path)).toBe(false);
  });
});
