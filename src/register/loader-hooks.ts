import { formatOf, identityEntryOfUrl } from "./identity-entry.js";
import { moduleFacade } from "./module-facade.js";

/** What Node.js gives a `load` hook, and takes from it; the parts that are used. */
interface LoadContext {
  readonly format?: string | null | undefined;
}

interface Loaded {
  readonly format: string;
  readonly source?: unknown;
  readonly shortCircuit?: boolean;
}

type Load = (url: string, context: LoadContext) => Loaded | Promise<Loaded>;

/** In the URL by which the original of a module that was replaced is reached. */
const ORIGINAL = "azure-identity-guard=original";

/** Where the text of CommonJS comes from here, its `require` goes past the loader that commonjs-hook.ts hooks into. */
const BY_REQUIRE = 'module.exports = require("node:module").createRequire(__filename)(__filename);';

/**
 * The hook of Node.js 20.19 to 22.14, in the thread that Node.js has for hooks
 * (https://nodejs.org/api/module.html#loadurl-context-nextload). Of `load` and `resolve` it is this one, since what takes the
 * place of the original then has its URL: an ES module that is got by `require` comes past no hook there, and gets what was
 * imported under that URL before (measured with 20.19.0 and 22.12.0).
 */
export function load(url: string, context: LoadContext, nextLoad: Load): Loaded | Promise<Loaded> {
  if (url.includes(ORIGINAL) || identityEntryOfUrl(url) === undefined) return nextLoad(url, context);
  const format = formatOf(url, context.format);
  // By `import` this file is asked for where another hook, a transpiler, supplied the text of who requires it.
  if (format === "commonjs" && url.includes("/dist/commonjs/")) {
    return { format: "commonjs", source: BY_REQUIRE, shortCircuit: true };
  }
  if (format !== "module") return nextLoad(url, context);
  const original = new URL(url);
  original.search += (original.search === "" ? "?" : "&") + ORIGINAL;
  const guardedCopy = new URL("./guarded-copy.js", import.meta.url);
  return { format: "module", source: moduleFacade(original.href, guardedCopy.href), shortCircuit: true };
}
