import { defineConfig, type ViteUserConfig } from "vitest/config";
import { shared } from "./vitest.config.js";

/** The property tests with many more schedules than `npm test` gives them; PROPERTY_RUNS sets another number. */
const config: ViteUserConfig = defineConfig({
  test: {
    ...shared,
    include: ["test/properties/**/*.test.ts"],
    env: { PROPERTY_RUNS: process.env["PROPERTY_RUNS"] ?? "100000" },
    testTimeout: 60 * 60_000,
  },
});

export default config;
