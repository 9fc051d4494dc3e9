import * as nodeModule from "node:module";
import type { AzureIdentity } from "../guard/azure-identity.js";
import { copyOf } from "../guard/identity-copy.js";
import { warnOnce } from "../logger.js";
import type { GuardedExports } from "./guarded-copy.js";
import { warnOfBundle } from "./bundle.js";
import { identityEntry } from "./identity-entry.js";
import { isModuleWithIdentity } from "./required-module.js";

interface CommonJsModule {
  exports: unknown;
}

interface CommonJsLoader {
  readonly prototype: { load?: (this: CommonJsModule, path: string) => void };
  /** What compiles and runs a file, by its extension; also known as `require.extensions`. */
  readonly _extensions: Record<string, ((module: CommonJsModule, path: string) => void) | undefined>;
  readonly _cache: Readonly<Record<string, CommonJsModule | undefined>>;
}

/**
 * Replaces what the main file of each copy of `@azure/identity` exports to `require`, as soon as it was run, so that
 * everybody gets the same object whatever the path to it. CommonJS that ES modules import comes by here, too (measured
 * with Node.js 20.19 to 26).
 */
export function hookCommonJs(guardCopy: (identity: AzureIdentity, main: string) => GuardedExports): void {
  // Documented hardly or not at all, and there since the first versions; what else there is needs Node.js 22.15.
  const { prototype, _extensions: runners, _cache: cache } = nodeModule.Module as unknown as CommonJsLoader;
  const { load } = prototype;
  const warnOfModules = !("registerHooks" in nodeModule);
  if (load === undefined)
    throw new Error("This runtime has no loader of CommonJS modules that can be hooked");
  const replace = (module: CommonJsModule, path: string): boolean => {
    if (identityEntry(path) === undefined) return false;
    const { exports } = module;
    if (!isIdentity(exports) || copyOf(exports.DefaultAzureCredential) !== undefined) return false;
    module.exports = withReplaced(exports, guardCopy(exports, path));
    return true;
  };
  prototype.load = function (path) {
    const run = identityEntry(path) === undefined ? undefined : runners[".js"];
    if (run === undefined) {
      warnOfBundle(path);
      load.call(this, path);
      if (warnOfModules && isModuleWithIdentity(this.exports, path)) warnOnce(pastHooks(path));
      return;
    }
    // Around whatever runs files now: tools that transpile come later and do not always ask who was there before. And
    // inside of `load`, which ends by handing the exports to ES modules.
    runners[".js"] = (module, file) => {
      run(module, file);
      if (module === this) replace(module, path);
    };
    try {
      load.call(this, path);
    } finally {
      runners[".js"] = run;
    }
  };
  for (const [path, module] of Object.entries(cache)) {
    if (module !== undefined && replace(module, path)) {
      warnOnce(
        `${path} was loaded before azure-identity-guard/register, and whoever has its classes by now is not guarded: ` +
          "name azure-identity-guard/register before other modules that Node.js is to load first",
      );
    }
  }
}

function pastHooks(path: string): string {
  return (
    `${path} is an ES module that was got by require, and before Node.js 22.15 azure-identity-guard/register cannot see what ` +
    "such a module imports: if it is the first to import @azure/identity, its credentials are not guarded. " +
    "Update Node.js, or get the module by import"
  );
}

/** Not for what `require` makes of an ES module, which is sealed: whoever names that file gets the file. */
function isIdentity(exports: unknown): exports is AzureIdentity {
  return (
    typeof exports === "object" &&
    exports !== null &&
    "DefaultAzureCredential" in exports &&
    Object.isExtensible(exports)
  );
}

/** All as it was, getters included: most exports are getters that nobody can redefine (measured with 4.13.1). */
function withReplaced(exports: object, guarded: GuardedExports): object {
  const properties = Object.getOwnPropertyDescriptors(exports);
  const replaced = Object.entries<unknown>({ ...guarded })
    .filter(([name]) => Object.hasOwn(properties, name))
    .map(([name, value]): [string, PropertyDescriptor] => [name, { enumerable: true, get: () => value }]);
  const prototype = Object.getPrototypeOf(exports) as object | null;
  return Object.create(prototype, { ...properties, ...Object.fromEntries(replaced) }) as object;
}
