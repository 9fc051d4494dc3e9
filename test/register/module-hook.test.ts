import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { resolveHook } from "../../src/register/module-hook.js";

const LIBRARY = "file:///app/node_modules/azure-identity-guard/dist/";
const REQUIRED = pathToFileURL(createRequire(import.meta.url).resolve("@azure/identity")).href;
const IMPORTED = REQUIRED.replace("commonjs", "esm");
const APPLICATION = "file:///app/main.mjs";

const hook = resolveHook(LIBRARY);
function resolved(
  found: { readonly url: string; readonly format?: string | null | undefined },
  { parentURL = APPLICATION, conditions = ["node", "import"] as Iterable<string> } = {},
): ReturnType<typeof hook> {
  return hook("@azure/identity", { conditions, parentURL }, () => found);
}
const isFacade = ({ url }: { readonly url: string }): boolean => url.startsWith("data:text/javascript");

describe("the main file of @azure/identity", () => {
  test.each(["module", undefined, null])("is replaced where it is imported (format %s)", (format) => {
    const facade = resolved({ url: IMPORTED, format });
    expect(isFacade(facade)).toBe(true);
    expect(facade).toMatchObject({ format: "module", shortCircuit: true });
    const text = decodeURIComponent(facade.url);
    expect(text).toContain(`export * from ${JSON.stringify(IMPORTED)}`);
    expect(text).toContain(`${LIBRARY}register/guarded-copy.js`);
  });

  test("stays as it is for what takes its place, for this library, and for a hook that wraps it under its own URL", () => {
    const { url: facade } = resolved({ url: IMPORTED, format: "module" });
    for (const parentURL of [facade, `${LIBRARY}index.js`, IMPORTED, `${IMPORTED}?iitm=true`]) {
      expect(isFacade(resolved({ url: IMPORTED, format: "module" }, { parentURL }))).toBe(false);
    }
  });

  test.each([["commonjs"], [undefined]])(
    "is left to the hook of CommonJS where it is that (format %s)",
    (format) => {
      expect(isFacade(resolved({ url: REQUIRED, format }))).toBe(false);
    },
  );

  test.each([[["node", "require"]], [new Set(["node", "require"])]])(
    "is left to the hook of CommonJS where it is required (%o)",
    (conditions) => {
      expect(isFacade(resolved({ url: IMPORTED, format: "module" }, { conditions }))).toBe(false);
    },
  );
});

test.each(["file:///app/dist/index.js", "node:fs", IMPORTED.replace("index.js", "errors.js")])(
  "%s is none of its business",
  (url) => {
    expect(resolved({ url, format: "module" })).toEqual({ url, format: "module" });
  },
);
