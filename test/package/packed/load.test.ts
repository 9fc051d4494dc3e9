import { describe, expect, inject, test } from "vitest";
import { entryPoints } from "../manifest.js";
import { program, run } from "./run.js";

const { project, bare } = inject("packed");

const esm = (name: string): string[] => [
  "--input-type=module",
  "-e",
  `console.log(JSON.stringify(Object.keys(await import("${name}"))))`,
];
const cjs = (name: string): string[] => [
  "-e",
  `console.log(JSON.stringify(Object.keys(require("${name}"))))`,
];

describe.each(entryPoints)("%s", (name) => {
  test("exports the same names to import and to require", async () => {
    const imported = (await program(esm(name), { cwd: project })) as string[];
    const required = (await program(cjs(name), { cwd: project })) as string[];
    expect(required.sort()).toEqual(imported.sort());
    expect(imported).not.toEqual([]);
    expect(imported).not.toContain("default");
  });

  test.each([
    ["import", esm(name)],
    ["require", cjs(name)],
  ])("loads by %s without a word on standard error", async (_how, args) => {
    expect(await run(process.execPath, args, { cwd: project })).toMatchObject({ status: 0, stderr: "" });
  });

  // @opentelemetry/api, the other peer, is optional and in neither project.
  test.each([
    ["import", esm(name)],
    ["require", cjs(name)],
  ])("loads by %s where @azure/identity is not installed", async (_how, args) => {
    expect(await run(process.execPath, args, { cwd: bare })).toMatchObject({ status: 0 });
  });
});

describe("azure-identity-guard/register", () => {
  test.each([
    ["--import", project],
    ["--require", project],
    ["--import", bare],
    ["--require", bare],
  ])("by %s has nothing to say where nothing is configured (%s)", async (flag, cwd) => {
    const args = [flag, "azure-identity-guard/register", "-p", "1"];
    expect(await run(process.execPath, args, { cwd })).toEqual({ status: 0, stdout: "1\n", stderr: "" });
  });

  test.each(["--import", "--require"])(
    "by %s guards what the application imports and requires",
    async (flag) => {
      const args = [flag, "azure-identity-guard/register", "programs/registered.mjs"];
      const environment = { HOST_IP: "10.0.0.1" };
      expect(await program(args, { cwd: project, environment })).toEqual({ imported: true, required: true });
      expect(await program(args, { cwd: project })).toEqual({ imported: false, required: false });
    },
  );
});

test("what exports does not name cannot be imported", async () => {
  const ran = await run(process.execPath, ["-e", 'require("azure-identity-guard/dist/index.cjs")'], {
    cwd: project,
  });
  expect(ran.stderr).toContain("ERR_PACKAGE_PATH_NOT_EXPORTED");
});

describe("@azure/identity", () => {
  test("is first loaded by a credential that needs it, and not by one whose tokens come from NMI", async () => {
    expect(await program(["programs/lazy-identity.cjs"], { cwd: project })).toEqual({
      afterLoading: false,
      afterTokenFromNmi: false,
      afterUnguardedCredential: true,
    });
  });

  test("is named as what is missing, where it is needed and not installed", async () => {
    expect(await program(["programs/missing-identity.mjs"], { cwd: bare })).toEqual({
      esm: "ERR_GUARD_CONFIGURATION",
      cjs: "ERR_GUARD_CONFIGURATION",
    });
  });
});

describe("an ESM and a CommonJS copy in one process", () => {
  test("recognise each other's errors", async () => {
    expect(await program(["programs/foreign-errors.mjs"], { cwd: project })).toEqual({
      distinct: true,
      esmKnowsCjs: true,
      cjsKnowsEsm: true,
      knowsOtherErrors: false,
    });
  });

  test("share tokens and requests: one identity, one request", async () => {
    expect(await program(["programs/shared-state.mjs"], { cwd: project })).toEqual({
      distinct: true,
      atOnce: { same: true, tokenRequests: 1 },
      later: { same: true, tokenRequests: 1 },
    });
  });

  test("share health: probes of either see the credentials of both, and drain them", async () => {
    expect(await program(["programs/shared-probes.mjs"], { cwd: project })).toEqual({
      distinct: true,
      before: true,
      after: true,
      counted: true,
      drained: true,
    });
  });
});
