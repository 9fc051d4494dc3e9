import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { isLauncher } from "../../src/register/launcher.js";
import { newFolder } from "../integration/support/folder.js";

describe("a program that starts the application", () => {
  test.each([
    "/usr/local/bin/npm",
    "/usr/local/lib/node_modules/npm/bin/npm-cli.js",
    "/usr/local/lib/node_modules/npm/bin/npx-cli.js",
    "/opt/yarn/bin/yarn.js",
    "/app/.yarn/releases/yarn-4.5.0.cjs",
    "/app/.yarn/releases/yarn-4.6.0-rc.1.cjs",
    "/usr/local/bin/pnpm.cjs",
    "/usr/local/lib/node_modules/corepack/dist/corepack.js",
    "/app/node_modules/.bin/azure-identity-guard",
    "/app/node_modules/.bin/tsx",
    "/app/node_modules/.bin/nodemon",
    "/usr/local/bin/pm2-runtime",
  ])("is %s", (path) => {
    expect(isLauncher(path)).toBe(true);
  });

  test.each(["/app/server.js", "/app/npm/index.js", "/app/yarn-server.js", "/app/npm-report.js", undefined])(
    "is not %s",
    (path) => {
      expect(isLauncher(path)).toBe(false);
    },
  );

  test("is not an application's folder of that name, as in `node .`", async () => {
    await using folder = await newFolder();
    const path = join(folder.path, "npm");
    await mkdir(path);
    expect(isLauncher(path)).toBe(false);
  });
});
