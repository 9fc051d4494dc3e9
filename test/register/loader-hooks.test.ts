import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { load } from "../../src/register/loader-hooks.js";

const REQUIRED = pathToFileURL(createRequire(import.meta.url).resolve("@azure/identity")).href;
const IMPORTED = REQUIRED.replace("commonjs", "esm");
const NEXT = { format: "module", source: "the next one's" };
const loaded = async (url: string, format: string | undefined): Promise<unknown> =>
  await load(url, { format }, () => NEXT);

describe("the main file of @azure/identity", () => {
  test.each(["module", undefined])(
    "is replaced by a module that passes its names on, and guarded classes (%s)",
    async (format) => {
      const { source } = (await loaded(IMPORTED, format)) as { source: string };
      const original = JSON.stringify(`${IMPORTED}?azure-identity-guard=original`);
      expect(source.split("\n")).toEqual([
        `import * as original from ${original};`,
        expect.stringMatching(/^import \{ guardCopy \} from "file:.+\/guarded-copy\.js";$/u),
        `export * from ${original};`,
        `export const { DefaultAzureCredential, ManagedIdentityCredential, WorkloadIdentityCredential, getDefaultAzureCredential } = guardCopy(original, ${original});`,
        "",
      ]);
    },
  );

  test("is loaded as it is under the URL that this module names", async () => {
    expect(await loaded(`${IMPORTED}?azure-identity-guard=original`, "module")).toBe(NEXT);
  });

  test("keeps the query that somebody else gave it", async () => {
    const { source } = (await loaded(`${IMPORTED}?a=1`, "module")) as { source: string };
    expect(source).toContain(`${IMPORTED}?a=1&azure-identity-guard=original`);
  });

  test.each(["commonjs", undefined])("is got by require where it is CommonJS (%s)", async (format) => {
    expect(await loaded(REQUIRED, format)).toMatchObject({
      format: "commonjs",
      source: expect.stringContaining("createRequire(__filename)(__filename)") as string,
    });
  });
});

test.each([
  ["file:///app/dist/index.js", "module"],
  [IMPORTED.replace("index.js", "errors.js"), "module"],
  ["node:fs", "builtin"],
])("%s is none of its business", async (url, format) => {
  expect(await loaded(url, format)).toBe(NEXT);
});
