import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { bundlesIdentity, isLauncher } from "../../src/register/main-script.js";

describe("a program that starts the application", () => {
  test.each([
    "/usr/local/bin/npm",
    "/usr/local/lib/node_modules/npm/bin/npm-cli.js",
    "/usr/local/lib/node_modules/npm/bin/npx-cli.js",
    "/opt/yarn/bin/yarn.js",
    "/opt/.yarn/releases/yarn.cjs",
    "/usr/local/bin/pnpm.cjs",
    "/usr/local/lib/node_modules/corepack/dist/corepack.js",
    "/app/node_modules/.bin/azure-identity-guard",
  ])("is %s", (path) => {
    expect(isLauncher(path)).toBe(true);
  });

  test.each([
    "/app/server.js",
    "/app/npm/index.js",
    "/app/yarn-server.js",
    "/app/node_modules/.bin/tsx",
    undefined,
  ])("is not %s", (path) => {
    expect(isLauncher(path)).toBe(false);
  });
});

describe("a script with @azure/identity inside", () => {
  test.each(["commonjs", "esm"])("is recognised by what the SDK's own files read (%s)", (format) => {
    const folder = dirname(createRequire(import.meta.url).resolve("@azure/identity/package.json"));
    const file = "credentials/managedIdentityCredential/imdsMsi.js";
    expect(bundlesIdentity(join(folder, "dist", format, file))).toBe(true);
  });

  test.each([fileURLToPath(import.meta.url), import.meta.dirname, "/nowhere/app", undefined])(
    "is not %s",
    (path) => {
      expect(bundlesIdentity(path)).toBe(false);
    },
  );
});
