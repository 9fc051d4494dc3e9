import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** An installed copy of `@azure/identity`, as the path of its main file leads to it. */
export interface IdentityEntry {
  readonly folder: string;
  readonly version: string;
}

const PACKAGE = "@azure/identity";

/** Main files of all its versions: `dist/index.js` up to 4.5, then `dist/esm/index.js` and `dist/commonjs/index.js`. */
const MAIN_PATH = /^(.+)[\\/]dist[\\/](?:\w+[\\/])?index\.[cm]?js$/u;
const MAIN_URL = /^file:.+\/dist\/(?:\w+\/)?index\.[cm]?js(?:[?#]|$)/u;

const folders = new Map<string, IdentityEntry | undefined>();

/**
 * The copy whose main file this is; `undefined` for all other files. Its package.json decides, not its path: it may be
 * installed under another name (`npm:@azure/identity`), nested, or linked.
 */
export function identityEntry(path: string): IdentityEntry | undefined {
  const folder = MAIN_PATH.exec(path)?.[1];
  if (folder === undefined) return undefined;
  if (!folders.has(folder)) folders.set(folder, readFolder(folder));
  return folders.get(folder);
}

/** The same for the URL of a module, which may carry a query. */
export function identityEntryOfUrl(url: string): IdentityEntry | undefined {
  return MAIN_URL.test(url) ? identityEntry(fileURLToPath(url)) : undefined;
}

/** What a main file is, where a hook before ours did not say (`format` is optional): as its folder is called, and built. */
export function formatOf(url: string, format: string | null | undefined): string {
  return format ?? (url.includes("/dist/esm/") ? "module" : "commonjs");
}

function readFolder(folder: string): IdentityEntry | undefined {
  const named = basename(folder) === "identity" && basename(dirname(folder)) === "@azure";
  try {
    const text = readFileSync(join(folder, "package.json"), "utf8");
    // Most packages do not even name it, and need no parsing.
    if (!text.includes(PACKAGE)) return undefined;
    const { name, version } = JSON.parse(text) as { readonly name?: unknown; readonly version?: unknown };
    return name === PACKAGE ? { folder, version: String(version) } : undefined;
  } catch {
    // Rather guarded without a version than not guarded.
    return named ? { folder, version: "(unknown version)" } : undefined;
  }
}
