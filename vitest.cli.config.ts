import { defineConfig, type ViteUserConfig } from "vitest/config";
import { cli, shared } from "./vitest.config.js";

/** The command line as processes, in every state of a simulated node and in the broken worlds of `doctor`. */
const config: ViteUserConfig = defineConfig({
  test: { ...shared, include: cli, testTimeout: 60_000, hookTimeout: 60_000 },
});

export default config;
