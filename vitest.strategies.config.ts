import { defineConfig, type ViteUserConfig } from "vitest/config";
import { shared } from "./vitest.config.js";

/** Every strategy in every scenario, on a kubelet of our own. Needs `npm run build` first, which `test:strategies` does. */
const config: ViteUserConfig = defineConfig({
  test: {
    ...shared,
    include: ["test/strategies/**/*.test.ts"],
    // Cells of the matrix at once: two for each of two cores.
    maxConcurrency: 4,
    // Real time, which a busy machine may use up: cells go by clocks of their own.
    testTimeout: 180_000,
    hookTimeout: 60_000,
  },
});

export default config;
