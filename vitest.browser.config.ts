import { defineConfig, type ViteUserConfig } from "vitest/config";
import { shared } from "./vitest.config.js";

/** The status page in the system's Chromium. UPDATE_SCREENSHOTS=1 renews the pictures in examples/status-page. */
const config: ViteUserConfig = defineConfig({
  test: {
    ...shared,
    include: ["test/browser/**/*.test.ts"],
    // One browser keeps both cores of a small machine busy.
    maxWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

export default config;
