import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { eventually } from "./support/eventually.js";
import { newFolder } from "./support/folder.js";
import { startNode } from "./support/node.js";
import { UNPINNED } from "./support/pod.js";
import { Application } from "./support/register.js";
import { gatedEnvironment, SCOPE } from "./support/setups.js";
import { tokenRequests } from "./support/trouble.js";

const ESM = "register/application.mjs";
const DOWN = { systemAssigned: { name: "node" }, nmi: { state: "down" } } as const;

describe.concurrent("other threads and processes of the application", () => {
  test.each([
    { file: "register/threads.mjs", way: "--import", main: false },
    { file: "register/threads.mjs", way: "--require", main: false },
    { file: "register/children.mjs", way: "NODE_OPTIONS", main: true },
  ] as const)("are guarded, too ($file, $way)", async ({ file, way, main }) => {
    await using node = await startNode(DOWN);
    await using application = await Application.start(file, way, { ...gatedEnvironment(node), ...UNPINNED });
    await eventually(() => application.output().match(/asking/gu)?.length === 2);
    await node.nmi.setState("active");
    const seen = { main, original: false, outcome: "token", oid: node.identity.objectId };
    expect(await application.told()).toMatchObject([
      { ...seen, format: "cjs" },
      { ...seen, format: "esm" },
    ]);
    expect(tokenRequests(node).map(({ answeredBy }) => answeredBy)).toEqual(["nmi", "nmi"]);
  });
});

describe.concurrent("the probe server", () => {
  const PROBES = {
    AZURE_IDENTITY_GUARD_HEALTH_PORT: "0",
    AZURE_IDENTITY_GUARD_HEALTH_HOST: "127.0.0.1",
    AZURE_LOG_LEVEL: "info",
    FIXTURE_STAYS: "yes",
  };
  const urlOf = async (application: Application): Promise<string> => {
    const find = (): string | undefined => /serves probes at (http:\S+)/u.exec(application.output())?.[1];
    await eventually(() => find() !== undefined);
    return find() ?? "";
  };
  const statusOf = async (url: string): Promise<number> => (await fetch(url)).status;

  test("tells how the application's credentials are", async () => {
    await using node = await startNode(DOWN);
    await using application = await Application.start(ESM, "--import", {
      ...gatedEnvironment(node),
      ...PROBES,
      AZURE_IDENTITY_GUARD_HEALTH_PAGE: "true",
    });
    const url = await urlOf(application);
    await eventually(() => application.output().includes("asking"));
    expect(await statusOf(`${url}/readyz`)).toBe(503);
    expect(await statusOf(`${url}/livez`)).toBe(200);
    await node.nmi.setState("active");
    await eventually(async () => (await statusOf(`${url}/readyz`)) === 200);
    expect(await (await fetch(url)).text()).toContain("<html");
  });

  test("waits with readiness for the first credential, where that has scopes to be warm for", async () => {
    await using node = await startNode();
    await using folder = await newFolder();
    const file = join(folder.path, "ready");
    await using application = await Application.start("register/late.mjs", "--import", {
      ...gatedEnvironment(node),
      ...PROBES,
      AZURE_IDENTITY_GUARD_WARM_UP_SCOPES: SCOPE,
      AZURE_IDENTITY_GUARD_HEALTH_FILE: file,
    });
    const url = await urlOf(application);
    const probes = async (): Promise<readonly number[]> =>
      await Promise.all(
        ["startupz", "readyz", "livez"].map(async (path) => await statusOf(`${url}/${path}`)),
      );
    expect(await probes()).toEqual([503, 503, 200]);
    expect(await (await fetch(`${url}/readyz`)).text()).toContain("[-]token failed: no-credential-yet");
    expect(existsSync(file)).toBe(false);
    await eventually(() => application.output().includes("started"));
    application.running.process.kill("SIGUSR2");
    await eventually(async () => (await probes()).join() === "200,200,200");
    await eventually(() => existsSync(file));
    application.running.process.kill("SIGUSR2");
    expect((await application.end()).stdout).toContain("asked");
  });

  test("is the workers' in a cluster", async () => {
    await using node = await startNode(DOWN);
    await using application = await Application.start("register/cluster.mjs", "--import", {
      ...gatedEnvironment(node),
      ...PROBES,
    });
    // The primary's own, with which the worker would have nothing to do, and then the worker's.
    await eventually(() => application.output().match(/serves probes at/gu)?.length === 2);
    const url = /serves probes at (http:\S+)\s*$/u.exec(application.output().trimEnd())?.[1] ?? "";
    await eventually(async () => (await statusOf(`${url}/readyz`)) === 503);
    await expect(fetch(await urlOf(application))).rejects.toThrow();
    application.running.process.kill("SIGTERM");
    expect(await application.ended()).toMatchObject({ signal: "SIGTERM" });
  });

  test("comes alone where only its port is set, and without a page", async () => {
    await using node = await startNode();
    await using application = await Application.start(ESM, "--require", {
      AZURE_POD_IDENTITY_AUTHORITY_HOST: node.metadataUrl,
      ...PROBES,
    });
    const url = await urlOf(application);
    expect(await statusOf(`${url}/readyz`)).toBe(200);
    expect(await statusOf(url)).toBe(404);
    await eventually(() => application.output().includes('"original":true'));
  });

  test("ends the process where its address is not to be had", async () => {
    await using application = await Application.start("register/late.mjs", "--import", {
      ...PROBES,
      AZURE_IDENTITY_GUARD_HEALTH_HOST: "192.0.2.1",
    });
    const { code, stderr } = await application.ended();
    expect(code).toBe(1);
    expect(stderr).toContain("EADDRNOTAVAIL");
  });

  test("leaves a child process alone whose parent has the port", async () => {
    await using node = await startNode();
    const port = new URL(node.healthUrl).port; // somebody has it
    await using application = await Application.start(ESM, "--import", {
      ...gatedEnvironment(node),
      AZURE_IDENTITY_GUARD_HEALTH_PORT: port,
      AZURE_IDENTITY_GUARD_HEALTH_HOST: "127.0.0.1",
    });
    expect(await application.told()).toMatchObject([{ original: false, outcome: "token" }]);
    expect(application.output()).toContain(
      `Warning: The probe server of AZURE_IDENTITY_GUARD_HEALTH_PORT is not started in this process: listen EADDRINUSE`,
    );
  });
});

describe.concurrent("what is configured and cannot be done", () => {
  test.each([
    ["AZURE_IDENTITY_GUARD_RETRY_BUDGET", "soon"],
    ["AZURE_IDENTITY_GUARD_HEALTH_PORT", "probes"],
    ["HOST_IP", "my-node"],
  ])("stops the process before the application begins (%s=%s)", async (name, value) => {
    await using application = await Application.start(ESM, "--import", { [name]: value });
    const { code, stdout, stderr } = await application.ended();
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(
      `IdentityGuardError: The identity guard cannot be configured; 1 to correct:\n- ${name} is`,
    );
  });

  test("is no matter of a misspelt name, which is warned about", async () => {
    await using application = await Application.start("register/loaded.cjs", "--import", {
      AZURE_IDENTITY_GUARD_EXPECTED_OID: "7f3a1b2c-0000-4000-8000-00000000beef",
    });
    expect((await application.end()).stderr).toContain(
      "Warning: AZURE_IDENTITY_GUARD_EXPECTED_OID is not a known variable and has no effect",
    );
  });

  test.each(["npm-cli.js", "azure-identity-guard"])(
    "is not tried in %s, which starts the application",
    async (name) => {
      await using folder = await newFolder();
      const file = join(folder.path, name);
      await writeFile(file, "console.log('started')");
      await using application = await Application.start(file, "--require", { HOST_IP: "my-node" });
      expect(await application.end()).toMatchObject({ stdout: "started\n", stderr: "" });
    },
  );

  test("is said of a bundle with @azure/identity inside, whoever starts it", async () => {
    await using folder = await newFolder();
    const bundle = join(folder.path, "bundled.cjs");
    // The name is one that the SDK reads; the rest stands for the size of what it needs.
    await writeFile(bundle, `process.env.AZURE_POD_IDENTITY_AUTHORITY_HOST; /*${"x".repeat(100_000)}*/`);
    await using application = await Application.start("register/bundle.cjs", "--import", {
      HOST_IP: "10.0.0.1",
      FIXTURE_BUNDLE: bundle,
    });
    expect((await application.end()).stderr).toMatch(
      /Warning: \S+\/bundled\.cjs seems to have @azure\/identity inside, where azure-identity-guard\/register cannot reach it/u,
    );
  });
});
