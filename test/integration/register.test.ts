import { describe, expect, test } from "vitest";
import type { NodeSimulator } from "../../src/testing/node-simulator.js";
import { eventually } from "./support/eventually.js";
import { startNode } from "./support/node.js";
import { SHORT_BUDGET, UNPINNED } from "./support/pod.js";
import { Application, IMPORTED, type Told, type Way } from "./support/register.js";
import { gatedEnvironment } from "./support/setups.js";
import { tokenRequests } from "./support/trouble.js";

const WRONG = { systemAssigned: { name: "node" } };
const DOWN = { ...WRONG, nmi: { state: "down" } } as const;

const ESM = "register/application.mjs";
const CJS = "register/application.cjs";
const TRANSPILER = new URL("./fixtures/register/transpiler.mjs", import.meta.url).href;

const NO_FORMAT = new URL("./fixtures/register/no-format.mjs", import.meta.url).href;

/** Where the plain SDK finds its tokens, and nothing of this library. */
function plainEnvironment(node: NodeSimulator): Record<string, string> {
  const name = "AZURE_POD_IDENTITY_AUTHORITY_HOST";
  return { [name]: node.environment[name] ?? "" };
}

async function toldBy(file: string, way: Way, environment: Record<string, string>): Promise<Told> {
  await using application = await Application.start(file, way, environment);
  const [told] = await application.told();
  if (told === undefined) throw new Error(`The application told nothing: ${application.output()}`);
  return told;
}

describe.concurrent("an application that knows only @azure/identity, on a node whose NMI is down", () => {
  test.each([ESM, CJS])("gets the wrong token by itself (%s)", async (file) => {
    await using node = await startNode(DOWN);
    expect(await toldBy(file, "none", gatedEnvironment(node))).toMatchObject({
      original: true,
      outcome: "token",
      oid: node.imds.systemAssigned?.objectId,
    });
  });

  test.each([
    { file: ESM, way: "--import" },
    { file: CJS, way: "--import" },
    { file: ESM, way: "--require" },
    { file: CJS, way: "--require" },
    { file: ESM, way: "NODE_OPTIONS" },
  ] as const)("waits for the right one with $way ($file)", async ({ file, way }) => {
    await using node = await startNode(DOWN);
    await using application = await Application.start(file, way, {
      ...gatedEnvironment(node),
      ...UNPINNED,
      AZURE_LOG_LEVEL: "info",
    });
    await eventually(() => application.output().includes("asking"));
    await node.nmi.setState("active");
    const [told] = await application.told();
    expect(told).toMatchObject({ original: false, outcome: "token", oid: node.identity.objectId });
    expect(tokenRequests(node).map(({ answeredBy }) => answeredBy)).toEqual(["nmi"]);
    const lines = application
      .output()
      .split("\n")
      .filter((line) => line.includes("register => guards Default"));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /guards DefaultAzureCredential, ManagedIdentityCredential, WorkloadIdentityCredential of @azure\/identity 4\.\d+\.\d+ \((ES modules|CommonJS)\) in \/.+\/@azure\/identity$/u,
    );
  });

  test.each([
    ["after", [IMPORTED, TRANSPILER]],
    ["before", [TRANSPILER, IMPORTED]],
  ])("waits for it where a tool that transpiles was named %s the guard", async (_which, order) => {
    await using node = await startNode(DOWN);
    await using application = await Application.start(CJS, "none", {
      ...gatedEnvironment(node),
      ...UNPINNED,
      NODE_OPTIONS: order.map((url) => `--import ${url}`).join(" "),
    });
    await eventually(() => application.output().includes("asking"));
    await node.nmi.setState("active");
    expect(await application.told()).toMatchObject([{ original: false, oid: node.identity.objectId }]);
  });

  test("waits for it where a loader does not say what a file is", async () => {
    await using node = await startNode(DOWN);
    await using application = await Application.start(ESM, "none", {
      ...gatedEnvironment(node),
      ...UNPINNED,
      NODE_OPTIONS: [IMPORTED, NO_FORMAT].map((url) => `--import ${url}`).join(" "),
    });
    await eventually(() => application.output().includes("asking"));
    await node.nmi.setState("active");
    expect(await application.told()).toMatchObject([{ original: false, oid: node.identity.objectId }]);
  });

  test("is told in time why there is none", async () => {
    await using node = await startNode(DOWN);
    const told = await toldBy(ESM, "--import", { ...gatedEnvironment(node), ...SHORT_BUDGET });
    expect(told).toMatchObject({ outcome: "error", code: "ERR_GUARD_GATE_CLOSED" });
    expect(tokenRequests(node)).toEqual([]);
  });
});

describe.concurrent("the classes that take the place of the SDK's", () => {
  test.each([ESM, CJS])(
    "have the names, the instances and the neighbours of the SDK's (%s)",
    async (file) => {
      await using node = await startNode();
      const [plain, guarded] = await Promise.all([
        toldBy(file, "none", gatedEnvironment(node)),
        toldBy(file, "--import", gatedEnvironment(node)),
      ]);
      const alike = { named: true, instance: true, made: true, extended: true, names: plain.names };
      expect(plain).toMatchObject({ ...alike, original: true });
      expect(guarded).toMatchObject({ ...alike, original: false });
    },
  );

  test.each(["ManagedIdentityCredential", "ManagedIdentityOfClient", "getDefaultAzureCredential"])(
    "give a guarded token by %s",
    async (way) => {
      await using node = await startNode(WRONG);
      await node.nmi.dropRule();
      await using application = await Application.start(CJS, "--import", {
        ...gatedEnvironment(node),
        ...UNPINNED,
        FIXTURE_CLASS: way,
        FIXTURE_CLIENT_ID: node.identity.clientId,
      });
      await node.nextRequest(({ answeredBy }) => answeredBy === "imds");
      await node.nmi.installRule();
      expect(await application.told()).toMatchObject([{ outcome: "token", oid: node.identity.objectId }]);
      expect(tokenRequests(node).map(({ answeredBy }) => answeredBy)).toEqual(["nmi"]);
    },
  );

  test("can be extended by the application", async () => {
    await using node = await startNode(WRONG);
    const environment = { ...gatedEnvironment(node), FIXTURE_CLASS: "extended" };
    expect(await toldBy(ESM, "--import", environment)).toMatchObject({
      asked: true,
      outcome: "token",
      oid: node.identity.objectId,
    });
  });

  test("stop a chain of the application's that they are members of", async () => {
    await using node = await startNode(DOWN);
    const environment = { ...gatedEnvironment(node), ...SHORT_BUDGET, FIXTURE_CLASS: "chain" };
    expect(await toldBy(ESM, "--import", environment)).toMatchObject({
      outcome: "error",
      code: "ERR_GUARD_GATE_CLOSED",
    });
  });

  test("say at once what is missing where Workload ID is expected and the pod was not injected", async () => {
    await using node = await startNode(WRONG);
    const told = await toldBy(ESM, "--import", {
      ...UNPINNED,
      ...plainEnvironment(node),
      AZURE_IDENTITY_GUARD_GATE: "workload-identity",
    });
    expect(told).toMatchObject({ outcome: "error", code: "ERR_GUARD_GATE_CLOSED" });
    expect(told.message).toContain("azure.workload.identity/use");
    expect(node.requests).toEqual([]);
  });

  test("do not guard those of this library a second time", async () => {
    await using node = await startNode();
    // Off Kubernetes and without a gate, the chain of the SDK is what is guarded.
    await using application = await Application.start("register/both.mjs", "--import", {
      ...plainEnvironment(node),
      AZURE_TOKEN_CREDENTIALS: "ManagedIdentityCredential",
      AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: node.identity.objectId,
      AZURE_LOG_LEVEL: "info",
    });
    const { stdout, stderr } = await application.end();
    const right = { outcome: "token", oid: node.identity.objectId };
    expect(JSON.parse(stdout)).toMatchObject([right, right]);
    // One for the credential of the library and one for the other; a third would be one inside another.
    expect(stderr.match(/DefaultAzureCredential => found/gu)).toHaveLength(2);
  });
});

describe.concurrent("where the environment configures nothing", () => {
  test.each([
    { file: ESM, way: "--import" },
    { file: CJS, way: "--require" },
  ] as const)("everything is as without it ($file, $way)", async ({ file, way }) => {
    await using node = await startNode(WRONG);
    const run = async (how: Way): Promise<{ told: Told; stderr: string }> => {
      await using application = await Application.start(file, how, plainEnvironment(node));
      const [told] = await application.told();
      const { stderr } = await application.end();
      return { told: { ...told, waitedMs: 0, expiresOn: 0 } as unknown as Told, stderr };
    };
    const [plain, registered] = await Promise.all([run("none"), run(way)]);
    expect(registered).toEqual(plain);
    expect(registered).toMatchObject({ stderr: "", told: { original: true, outcome: "token" } });
  });

  test("two files of the library are loaded, and no others", async () => {
    await using application = await Application.start("register/loaded.cjs", "--require", {});
    const loaded = JSON.parse((await application.end()).stdout) as readonly string[];
    expect(loaded.map((path) => path.replace(/^.*\//u, "").replace(/-\w{8}\./u, "."))).toEqual([
      "register.cjs",
      "chunk.cjs",
    ]);
  });
});
