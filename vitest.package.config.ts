import { defineConfig, type ViteUserConfig } from "vitest/config";
import { shared } from "./vitest.config.js";

/** The packed tarball, installed into an empty project. Needs `npm run build` first, which `test:package` does. */
const config: ViteUserConfig = defineConfig({
  test: {
    ...shared,
    include: ["test/package/packed/**/*.test.ts"],
    globalSetup: ["test/package/packed/install.ts"],
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
});

export default config;
