import { configDefaults, defineConfig, type ViteUserConfig } from "vitest/config";
import { cli, processes, shared } from "./vitest.config.js";

/** The integration tests at full length: an 80 s budget lasts 80 s. `npm test` runs most of them at a sixth of the time. */
const config: ViteUserConfig = defineConfig({
  test: {
    ...shared,
    include: ["test/integration/**/*.test.ts", ...processes],
    // Suites of their own, with worlds that have their own scale.
    exclude: [...configDefaults.exclude, "test/integration/clients/**", ...cli],
    env: { SCENARIO_SCALE: process.env["SCENARIO_SCALE"] ?? "1" },
    testTimeout: 15 * 60_000,
    // They wait on timers far more than they compute.
    maxWorkers: 4,
  },
});

export default config;
