import { defineConfig, type ViteUserConfig } from "vitest/config";
import { shared } from "./vitest.config.js";

/** Images built by the recipes of examples/container, and commands run in them. Needs root and buildah. */
const config: ViteUserConfig = defineConfig({
  test: {
    ...shared,
    include: ["test/container/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 10 * 60_000,
  },
});

export default config;
