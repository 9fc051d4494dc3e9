import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root: string = fileURLToPath(new URL("../../", import.meta.url));

interface Conditions {
  readonly types: string;
  readonly default: string;
}

/** The parts of package.json that the tests read. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly files: readonly string[];
  readonly sideEffects: readonly string[];
  readonly bin: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly exports: Readonly<
    Record<string, string | { readonly import: Conditions; readonly require: Conditions }>
  >;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** A JSON file of the project. The caller says what is in it. */
export function readJson(path: string): unknown {
  return JSON.parse(readFileSync(join(root, path), "utf8"));
}

// Our own file: a test that reads a field which is not there fails.
export const manifest: Manifest = readJson("package.json") as Manifest;

/** The entry points as users import names from them, for example `azure-identity-guard/testing`. */
export const entryPoints: readonly string[] = Object.keys(manifest.exports)
  .filter((subpath) => subpath !== "./package.json" && subpath !== "./register")
  .map((subpath) => manifest.name + subpath.slice(1));
