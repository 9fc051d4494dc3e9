import { configDefaults, defineConfig, type TestUserConfig, type ViteUserConfig } from "vitest/config";

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

const clients = "test/integration/clients/**";
/** The command line as processes: the suite `test:cli`. */
export const cli: string[] = [
  "test/integration/cli-*.test.ts",
  "test/integration/demo-page.test.ts",
  "test/integration/doctor.test.ts",
  "test/integration/terminal-sessions.test.ts",
  "test/cli/demo.test.ts",
];
/** Many processes, one after another: they are for `test:scenarios`, which also has the rest of the integration tests. */
export const processes: string[] = ["test/integration/register*.test.ts"];

// Suites with configurations of their own: they need privileges, a cluster's rules, a browser, the packed tarball, or
// minutes.
const elsewhere = [
  "test/kernel/**",
  "test/strategies/**",
  "test/browser/**",
  "test/container/**",
  "test/package/packed/**",
  clients,
];
const integration = "test/integration/**/*.test.ts";

const config: ViteUserConfig = defineConfig({
  test: {
    ...shared,
    testTimeout: 30_000,
    coverage: { provider: "v8", include: ["src/**"], reporter: ["text-summary", "json-summary"] },
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: [...configDefaults.exclude, ...elsewhere, ...cli, integration],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        // Alone and last: what happens there takes real time, which the properties beside it would stretch.
        test: {
          name: "integration",
          include: [integration],
          exclude: [...configDefaults.exclude, clients, ...cli, ...processes],
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});

export default config;
