import type { Options } from "tsup";

/**
 * Every file directly in bench/ becomes a program in temp/bench/. What is imported from `src` is bundled into it, so
 * that a bench can inject a clock; what is imported from `azure-identity-guard` is the built package, as users get it.
 */
const config: Options = {
  entry: ["bench/*.ts"],
  outDir: "temp/bench",
  format: "esm",
  target: "node20",
  platform: "node",
  splitting: true,
  sourcemap: true,
  clean: true,
  external: [/^azure-identity-guard(\/|$)/],
};

export default config;
