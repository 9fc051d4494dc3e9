import { configDefaults, defineConfig, type TestUserConfig } from "vitest/config";

const reportFile = process.env["VITEST_REPORT"];

/** What all suites have in common. `VITEST_REPORT` names a file for results that a script can count. */
export const shared: TestUserConfig = {
  environment: "node",
  pool: "forks",
  maxWorkers: 2,
  unstubEnvs: true,
  restoreMocks: true,
  reporters: reportFile === undefined ? ["default"] : ["default", ["json", { outputFile: reportFile }]],
};

export default defineConfig({
  test: {
    ...shared,
    include: ["test/**/*.test.ts"],
    // Suites with scripts of their own: they need privileges, a cluster's rules, or the packed tarball.
    exclude: [...configDefaults.exclude, "test/kernel/**", "test/strategies/**", "test/package/packed/**"],
    testTimeout: 30_000,
    coverage: { provider: "v8", include: ["src/**"], reporter: ["text-summary", "json-summary"] },
  },
});
