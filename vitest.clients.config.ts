import { defineConfig, type ViteUserConfig } from "vitest/config";
import { shared } from "./vitest.config.js";

/** Real Azure SDK clients in processes of their own, against real services on loopback. */
const config: ViteUserConfig = defineConfig({
  test: {
    ...shared,
    include: ["test/integration/clients/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});

export default config;
