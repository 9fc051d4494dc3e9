import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { isModuleNamespaceObject } from "node:util/types";

/** Fields of a package.json that name what a package may import. */
const DEPENDENCIES = ["dependencies", "peerDependencies", "optionalDependencies"] as const;

type Manifest = Readonly<Partial<Record<(typeof DEPENDENCIES)[number], object>>>;

/**
 * Whether `exports` are those of an ES module, whose package says that it uses `@azure/identity`. Node.js 20.19 to 22.14
 * loads an ES module that is got by `require`, and all that it imports, past every hook (measured with 20.19.0 and 22.12.0).
 */
export function isModuleWithIdentity(exports: unknown, path: string): boolean {
  if (!isModuleNamespaceObject(exports)) return false;
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const manifest = readManifest(folder);
    if (manifest !== undefined) {
      return DEPENDENCIES.some((field) => Object.hasOwn(manifest[field] ?? {}, "@azure/identity"));
    }
    if (folder === dirname(folder)) return false;
  }
}

/** As Node.js looks for the package that a file belongs to, but for a manifest that says no more than `type`. */
function readManifest(folder: string): Manifest | undefined {
  try {
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest & {
      readonly name?: unknown;
    };
    return manifest.name === undefined ? undefined : manifest;
  } catch {
    return undefined;
  }
}
