import type { Options } from "tsup";

/** Entry points of the package: one line here and one in `exports` for each. Built as ESM and CommonJS, with types. */
export const libraryEntries: Readonly<Record<string, string>> = {
  index: "src/index.ts",
  probes: "src/probes/index.ts",
  testing: "src/testing/index.ts",
  register: "src/register.ts",
};

/** What `register` loads by name once the environment asks for something; nobody else does, so they have no types. */
export const registerEntries: Readonly<Record<"esm" | "cjs", Readonly<Record<string, string>>>> = {
  esm: {
    "register/guarded-copy": "src/register/guarded-copy.ts",
    "register/loader-hooks": "src/register/loader-hooks.ts",
  },
  cjs: {
    "register/guarded-copy": "src/register/guarded-copy.ts",
    "register/install": "src/register/install.ts",
  },
};

/** The executable: one CommonJS file with everything that its exec probes need. */
export const executableEntries: Readonly<Record<string, string>> = { "cli/main": "src/cli/main.ts" };

/** What it loads for commands that need more; shares its parts with the library. */
export const commandEntries: Readonly<Record<string, string>> = {
  "cli/commands": "src/cli/commands.ts",
  "cli/printers": "src/cli/printers.ts",
};

/** Files that Node.js runs, or the executable loads by name: built as ESM only. */
export const programEntries: Readonly<Record<string, string>> = {
  "node-simulator": "src/testing/main.ts",
  "demo/main": "src/cli/demo.ts",
  "demo/worker": "src/cli/demo-worker.ts",
};

const shared: Options = {
  target: "node20",
  platform: "node",
  // Lets the entries of one format share one copy of the core: without it `instanceof` and the process-wide registries
  // differ between `azure-identity-guard` and its subpaths in CommonJS.
  splitting: true,
  // The script `build` empties dist: two configurations that clean the same folder would delete each other's files.
  clean: false,
  dts: false,
  // What is built reads as it was written, so that stack traces name functions and lines of it. Maps would say little more
  // without the sources, and be a sixth of the package.
  sourcemap: false,
};

// tsup makes split CommonJS out of ESM and leaves `import.meta` as it is, a syntax error in a .cjs file.
const cjsFileUrl = "cjsFileUrl";

const config: readonly Options[] = [
  {
    ...shared,
    format: ["esm", "cjs"],
    entry: { ...libraryEntries },
    dts: {
      only: true,
      // tsup 8.5 sets `baseUrl`, which TypeScript 6 refuses; its bundler of types infers what isolatedDeclarations wants.
      compilerOptions: { ignoreDeprecations: "6.0", isolatedDeclarations: false },
    },
  },
  {
    ...shared,
    format: "esm",
    entry: { ...libraryEntries, ...programEntries, ...registerEntries.esm },
  },
  {
    ...shared,
    format: "cjs",
    entry: { ...libraryEntries, ...registerEntries.cjs, ...commandEntries },
    esbuildOptions(options) {
      options.define = {
        ...options.define,
        "import.meta.url": cjsFileUrl,
        "import.meta.resolve": "undefined",
      };
      options.banner = { js: `const ${cjsFileUrl} = require("node:url").pathToFileURL(__filename).href;` };
    },
  },
  {
    ...shared,
    format: "cjs",
    splitting: false,
    entry: { ...executableEntries },
    esbuildOptions(options) {
      // Names stay, for stack traces; what is left is read faster at each start.
      options.minifyWhitespace = true;
      options.minifySyntax = true;
      // `createRequire`, its only reader, takes a path as well.
      options.define = { ...options.define, "import.meta.url": "__filename" };
      options.banner = { js: "#!/usr/bin/env node" };
    },
  },
];

export default config;
