import * as nodeModule from "node:module";
import { fileURLToPath } from "node:url";
import { formatOf, identityEntryOfUrl } from "./identity-entry.js";
import { warnOfBundledModule } from "./bundle.js";
import { moduleFacade } from "./module-facade.js";

/** What Node.js gives a `resolve` hook, and takes from it; the parts that are used. */
interface ResolveContext {
  /** An array; for `require` in Node.js 22.15 and 24.0 a set (measured). */
  readonly conditions: Iterable<string>;
  readonly parentURL?: string | undefined;
}

interface Resolved {
  readonly url: string;
  readonly format?: string | null | undefined;
  readonly shortCircuit?: boolean;
}

type Resolve = (specifier: string, context: ResolveContext) => Resolved;

interface ModuleHooks {
  /** From Node.js 22.15, 23.5 and 24 on. */
  readonly registerHooks?: (hooks: {
    readonly resolve: (specifier: string, context: ResolveContext, nextResolve: Resolve) => Resolved;
  }) => void;
  /** Costs a thread of its own, some 40 ms at start; deprecated with a warning in Node.js 26. */
  readonly register?: (specifier: string, parentUrl: string) => void;
}

const FACADE = "data:text/javascript;charset=utf-8;by=azure-identity-guard,";

/**
 * Replaces the main file of each copy of `@azure/identity` wherever ES modules import it.
 *
 * With `registerHooks` by a `resolve` hook and a `data:` URL. A `load` hook would be in the way: Node.js 22.15 to 22.18 and
 * 24.0 then load CommonJS that is imported past the loader that commonjs-hook.ts hooks into (measured).
 *
 * @param library URL of the folder of this library, which gets the originals
 */
export function hookModules(library: string): void {
  // The types of Node.js 20 know nothing of registerHooks.
  const { registerHooks, register }: ModuleHooks = nodeModule as ModuleHooks;
  if (registerHooks !== undefined) registerHooks({ resolve: resolveHook(library) });
  else if (register !== undefined) register("./register/loader-hooks.js", library);
  else throw new Error("This runtime has no hooks for ES modules: Node.js 20.19 or later is needed");
}

/** The hook itself. */
export function resolveHook(
  library: string,
): (specifier: string, context: ResolveContext, nextResolve: Resolve) => Resolved {
  const guardedCopy = new URL("./register/guarded-copy.js", library).href;
  return (specifier, context, nextResolve) => {
    const found = nextResolve(specifier, context);
    if (identityEntryOfUrl(found.url) === undefined || [...context.conditions].includes("require")) {
      warnOfBundledModule(found.url);
      return found;
    }
    const format = formatOf(found.url, found.format);
    if (format === "commonjs" && specifier.startsWith("file:")) loadByRequire(found.url);
    const { parentURL = "" } = context;
    if (format !== "module" || wantsOriginal(parentURL, found.url, library)) return found;
    const source = encodeURIComponent(moduleFacade(found.url, guardedCopy));
    return { url: FACADE + source, format: "module", shortCircuit: true };
  };
}

/** Whether who asks is one of ours, or a hook of somebody else's that wraps the original under its own URL. */
function wantsOriginal(parent: string, url: string, library: string): boolean {
  const file = (each: string): string => each.replace(/[?#].*$/u, "");
  return parent.startsWith(FACADE) || parent.startsWith(library) || file(parent) === file(url);
}

/**
 * Where another hook, a transpiler, supplies the text of CommonJS, the `require` that Node.js gives that text comes by here
 * and goes past the loader of CommonJS (measured with 22.15, 22.18 and 24.0). It takes what is there already.
 */
function loadByRequire(url: string): void {
  nodeModule.createRequire(url)(fileURLToPath(url));
}
