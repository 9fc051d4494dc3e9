import { appendFile, cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import * as nodeModule from "node:module";
import { dirname, join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { mintToken } from "../../src/testing/mint-token.js";
import { sendJson, startEndpoint, tokenBody } from "./support/endpoint.js";
import { eventually } from "./support/eventually.js";
import { newFolder } from "./support/folder.js";
import { startNode } from "./support/node.js";
import { UNPINNED } from "./support/pod.js";
import { Application, REQUIRED } from "./support/register.js";
import { gatedEnvironment, IN_KUBERNETES } from "./support/setups.js";
import { tokenRequests } from "./support/trouble.js";

const OID = "7f3a1b2c-0000-4000-8000-00000000beef";
const require = nodeModule.createRequire(import.meta.url);
const INSTALLED = dirname(require.resolve("@azure/identity/package.json"));
const { version: INSTALLED_VERSION } = require("@azure/identity/package.json") as {
  readonly version: string;
};

/** Asks by the application's own @azure/identity and by that of each dependency. */
const APPLICATION = `
import { DefaultAzureCredential as own } from "@azure/identity";
import { DefaultAzureCredential as nested } from "dependency";
import { DefaultAzureCredential as alias } from "another-name";
import required from "old-dependency";
console.log("asking");
for (const [name, Credential] of Object.entries({ own, nested, alias, required })) {
  const { token } = await new Credential().getToken("https://vault.azure.net/.default");
  const { oid } = JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());
  console.log(name, oid);
}
`;

/** A project whose dependencies have copies of their own of @azure/identity, each of another version. */
async function newProject(folder: string): Promise<string> {
  const project = join(folder, "project");
  const modules = join(project, "node_modules");
  // What is not nested is found further up.
  await mkdir(modules, { recursive: true });
  await symlink(resolve("node_modules"), join(folder, "node_modules"));
  await installPackage(join(modules, "dependency"), {
    files: { "index.mjs": 'export { DefaultAzureCredential } from "@azure/identity";' },
    exports: "./index.mjs",
  });
  await installPackage(join(modules, "old-dependency"), {
    files: { "index.js": 'module.exports = require("@azure/identity").DefaultAzureCredential;' },
    exports: "./index.js",
  });
  await copyIdentity(join(modules, "dependency/node_modules/@azure/identity"), "4.12.9");
  await copyIdentity(join(modules, "old-dependency/node_modules/@azure/identity"), "4.12.8");
  await copyIdentity(join(modules, "another-name"), "4.12.7");
  const file = join(project, "application.mjs");
  await writeFile(file, APPLICATION);
  return file;
}

async function installPackage(
  folder: string,
  {
    files,
    ...manifest
  }: {
    readonly files: Readonly<Record<string, string>>;
    readonly exports: string;
    readonly dependencies?: Readonly<Record<string, string>>;
  },
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "a", version: "1.0.0", ...manifest }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
}

/** The installed copy under another version, which it tells when its managed identity is asked for a token. */
async function copyIdentity(folder: string, version: string): Promise<void> {
  for (const part of ["package.json", "dist/esm", "dist/commonjs"]) {
    await cp(join(INSTALLED, part), join(folder, part), {
      recursive: true,
      filter: (path) => !/\.(?:map|ts)$/u.test(path),
    });
  }
  const about = await readFile(join(folder, "package.json"), "utf8");
  await writeFile(join(folder, "package.json"), about.replace(/(?<=version": ")[\d.]+/u, version));
  const telling = `
const { prototype } = ManagedIdentityCredential;
const { getToken } = prototype;
prototype.getToken = async function (...args) {
  console.log("asked ${version}");
  return await getToken.apply(this, args);
};
`;
  for (const format of ["esm", "commonjs"]) {
    await appendFile(join(folder, "dist", format, "credentials/managedIdentityCredential/index.js"), telling);
  }
}

describe.concurrent("several copies of @azure/identity in one application", () => {
  const NAMES = ["own", "nested", "alias", "required"];
  const DOWN = { systemAssigned: { name: "node" }, nmi: { state: "down" } } as const;

  test("all get the wrong token by themselves", async () => {
    await using folder = await newFolder();
    await using node = await startNode(DOWN);
    const file = await newProject(folder.path);
    await using application = await Application.start(file, "none", gatedEnvironment(node));
    const { stdout } = await application.end();
    const lines = stdout.split("\n").filter((line) => !line.startsWith("asked"));
    const oid = node.imds.systemAssigned?.objectId ?? "";
    expect(lines).toEqual(["asking", ...NAMES.map((name) => `${name} ${oid}`), ""]);
  });

  test.each(["--import", "--require"] as const)(
    "are all guarded, whoever has them and under whatever name (%s)",
    async (way) => {
      await using folder = await newFolder();
      await using node = await startNode(DOWN);
      await using application = await Application.start(await newProject(folder.path), way, {
        ...gatedEnvironment(node),
        ...UNPINNED,
        AZURE_LOG_LEVEL: "info",
      });
      await eventually(() => application.output().includes("asking"));
      await node.nmi.setState("active");
      const { stdout, stderr } = await application.end();
      const { objectId } = node.identity;
      // No copy was asked: the guard asks NMI itself.
      expect(stdout.split("\n")).toEqual(["asking", ...NAMES.map((name) => `${name} ${objectId}`), ""]);
      const guarded = stderr.match(/(?<=of @azure\/identity )\S+ \(.+?\)/gu) ?? [];
      expect([...guarded].sort()).toEqual([
        "4.12.7 (ES modules)",
        "4.12.8 (CommonJS)",
        "4.12.9 (ES modules)",
        `${INSTALLED_VERSION} (ES modules)`,
      ]);
      // One identity, one token for all.
      expect(tokenRequests(node)).toHaveLength(1);
    },
  );

  test("are asked each for its own, where the SDK is what asks", async () => {
    const token = await mintToken({ oid: OID });
    await using service = await startEndpoint((_request, response) => {
      sendJson(response, 200, tokenBody(token));
    });
    await using folder = await newFolder();
    await using application = await Application.start(await newProject(folder.path), "--import", {
      ...IN_KUBERNETES,
      IDENTITY_ENDPOINT: `${service.url}/msi/token`,
      IDENTITY_HEADER: "header-value",
      AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: OID,
    });
    const { stdout } = await application.end();
    expect(stdout.split("\n")).toEqual([
      "asking",
      `own ${OID}`,
      "asked 4.12.9",
      `nested ${OID}`,
      "asked 4.12.7",
      `alias ${OID}`,
      "asked 4.12.8",
      `required ${OID}`,
      "",
    ]);
  });

  test("are guarded in ES modules got by require, or warned about where Node.js has no hook for those", async () => {
    await using folder = await newFolder();
    await using node = await startNode();
    const modules = join(folder.path, "node_modules");
    await mkdir(modules);
    for (const name of ["@azure", "@typespec", "tslib"])
      await symlink(resolve("node_modules", name), join(modules, name));
    await installPackage(join(modules, "dependency"), {
      files: { "index.mjs": 'export { DefaultAzureCredential } from "@azure/identity";' },
      exports: "./index.mjs",
      dependencies: { "@azure/identity": "4" },
    });
    const file = join(folder.path, "application.cjs");
    await writeFile(file, 'console.log("close" in require("dependency").DefaultAzureCredential.prototype);');
    await using application = await Application.start(file, "--require", gatedEnvironment(node));
    const { stdout, stderr } = await application.end();
    const seen = "registerHooks" in nodeModule;
    expect(stdout).toBe(`${seen}\n`);
    if (!seen) expect(stderr).toMatch(/Warning: \S+index\.mjs is an ES module that was got by require/u);
    else expect(stderr).not.toContain("IdentityGuardWarning");
  });

  test("are warned about where one was loaded before the guard", async () => {
    const early = resolve(import.meta.dirname, "fixtures/register/early.cjs");
    await using application = await Application.start("register/application.cjs", "none", {
      HOST_IP: "10.0.0.1",
      FIXTURE_CLASS: "WorkloadIdentityCredential",
      NODE_OPTIONS: `--require ${early} --require ${REQUIRED}`,
    });
    const { stderr, stdout } = await application.ended();
    expect(stderr).toMatch(/Warning: \S+index\.js was loaded before azure-identity-guard\/register/u);
    // Whoever asks from now on gets guarded classes all the same.
    expect(stdout).toContain('"original":false');
  });
});
