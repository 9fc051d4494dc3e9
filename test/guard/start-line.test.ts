import { AzureLogger, getLogLevel, setLogLevel } from "@azure/logger";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { EnvironmentValues } from "../../src/config/environment.js";
import { DefaultAzureCredential } from "../../src/guard/default-azure-credential.js";
import { federated } from "../../src/guard/federation.js";
import { FakeSdk } from "./fake-identity.js";
import { RIGHT, SCOPE, SERVERS, tokenAnswer, World, WRONG } from "./world.js";

const sdk = vi.hoisted(() => ({ fake: undefined as FakeSdk | undefined }));
vi.mock("../../src/guard/azure-identity.js", () => ({ azureIdentity: () => sdk.fake?.module() }));

const log = AzureLogger.log;
const level = getLogLevel();
let lines: string[] = [];
beforeEach(() => {
  sdk.fake = new FakeSdk();
  lines = [];
  AzureLogger.log = (...parts) => lines.push(parts.map(String).join(" "));
  setLogLevel("info");
});
afterEach(() => {
  vi.unstubAllEnvs();
  AzureLogger.log = log;
  setLogLevel(level);
});

const HOST_IP = { HOST_IP: "10.240.0.4" };
const INJECTED = {
  AZURE_CLIENT_ID: RIGHT,
  AZURE_TENANT_ID: RIGHT,
  AZURE_FEDERATED_TOKEN_FILE: "/var/run/secrets/token",
};
const pinned = { expect: { objectId: RIGHT } } as const;

describe("the line at start", () => {
  it.each<[string, Parameters<World["credential"]>, readonly string[]]>([
    [
      "NMI",
      [pinned, HOST_IP, { clientId: WRONG }],
      [
        "found AAD Pod Identity (NMI), or",
        "HOST_IP is given",
        "gate: nmi-or-proxy",
        `client ID ${WRONG}, with oid ${RIGHT}`,
      ],
    ],
    [
      "a proxy",
      [{ gate: "proxy" }, {}],
      [
        "found the Workload ID migration proxy, since it was chosen by name (proxy)",
        "gate: proxy",
        "the default identity (not checked",
      ],
    ],
    [
      "Workload ID",
      [{}, INJECTED],
      [
        "found Workload ID, since AZURE_FEDERATED_TOKEN_FILE is set",
        "gate: workload-identity",
        `client ID ${RIGHT}`,
      ],
    ],
    [
      "App Service",
      [pinned, { IDENTITY_ENDPOINT: "http://h/", IDENTITY_HEADER: "s3cr3t" }],
      [
        "found the managed identity of app-service",
        "IDENTITY_ENDPOINT and IDENTITY_HEADER are set",
        "gate: none",
        `oid ${RIGHT}`,
      ],
    ],
    ["nothing", [{}, {}], ["found a managed identity, since nothing points to", "gate: none"]],
  ])("says for %s what was found, why, and who should answer", async (_name, args, parts) => {
    const world = new World();
    await using _credential = world.credential(...args);
    await using _same = world.credential(...args);
    const said = lines.filter((line) => line.includes("=> found "));
    expect(said).toHaveLength(1);
    for (const part of parts) expect(said[0]).toContain(part);
    expect(said[0]).not.toContain("s3cr3t");
  });

  it("says of a DefaultAzureCredential which member it is, once, however many there are", async () => {
    vi.stubEnv("KUBERNETES_SERVICE_HOST", "10.0.0.1");
    for (const [name, value] of Object.entries(INJECTED)) vi.stubEnv(name, value);
    const all = Array.from({ length: 5 }, () => new DefaultAzureCredential());
    await Promise.all(all.map(async (credential) => await credential.close()));
    expect(lines.filter((line) => line.includes("DefaultAzureCredential"))).toHaveLength(1);
    expect(lines.join("\n")).toContain(
      "DefaultAzureCredential is the WorkloadIdentityCredential, and falls through to no other => found Workload ID, since AZURE_FEDERATED_TOKEN_FILE is set",
    );
  });

  it("says of a Workload ID credential beside NMI why it does not wait for NMI", async () => {
    const world = new World();
    const environment: EnvironmentValues = {
      ...INJECTED,
      AZURE_IDENTITY_GUARD_NMI_URL: "http://10.0.0.4:8085/healthz",
    };
    await using _credential = federated(world.context({}, environment), {});
    expect(lines.join("\n")).toContain(
      "found Workload ID, since the credential is one of Workload ID; gate: workload-identity",
    );
  });
});

it.each(["nmi", "proxy"] as const)("the first answer on the token path is said, once: %s", async (plane) => {
  const world = new World();
  world.route = () => ({ status: 400, server: SERVERS[plane].server, body: "" });
  world.ready = () => ({ status: 200, server: undefined, body: "ok" });
  world.token = () => tokenAnswer(world.clock.now(), { by: plane });
  await using credential = world.credential({}, HOST_IP);
  await credential.getToken(SCOPE);
  await world.clock.advance(60_000);
  expect(lines.filter((line) => line.includes(`nmi-or-proxy gate => ${plane}`))).toHaveLength(1);
});
