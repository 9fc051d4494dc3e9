import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { NodeSimulator } from "../../src/testing/node-simulator.js";
import { startNode } from "./support/node.js";
import { Child, RemoteError, type ThrownError } from "./support/child.js";
import { Pod } from "./support/pod.js";
import { GUARDED_DEFAULT, GUARDED_MANAGED_IDENTITY, IN_KUBERNETES } from "./support/setups.js";
import { tokenRequests } from "./support/trouble.js";

const ENVIRONMENTS: readonly {
  readonly does: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly names: readonly string[];
}[] = [
  {
    does: "an unknown gate",
    environment: { AZURE_IDENTITY_GUARD_GATE: "imds" },
    names: ["AZURE_IDENTITY_GUARD_GATE"],
  },
  {
    does: "a duration without a unit",
    environment: { AZURE_IDENTITY_GUARD_RETRY_BUDGET: "80" },
    names: ["AZURE_IDENTITY_GUARD_RETRY_BUDGET"],
  },
  {
    does: "a duration below zero",
    environment: { AZURE_IDENTITY_GUARD_ATTEMPT_TIMEOUT: "-1s" },
    names: ["AZURE_IDENTITY_GUARD_ATTEMPT_TIMEOUT"],
  },
  {
    does: "a budget that cannot hold its retries",
    environment: {
      AZURE_IDENTITY_GUARD_RETRY_BUDGET: "10s",
      AZURE_IDENTITY_GUARD_ATTEMPT_TIMEOUT: "5s",
    },
    names: ["AZURE_IDENTITY_GUARD_RETRY_BUDGET, AZURE_IDENTITY_GUARD_ATTEMPT_TIMEOUT"],
  },
  {
    does: "no HOST_IP while the gate is nmi",
    environment: { AZURE_IDENTITY_GUARD_GATE: "nmi" },
    names: ["HOST_IP"],
  },
  {
    does: "an empty HOST_IP while the gate is nmi",
    environment: { AZURE_IDENTITY_GUARD_GATE: "nmi", HOST_IP: "" },
    names: ["HOST_IP"],
  },
  { does: "an IPv6 HOST_IP", environment: { HOST_IP: "fd00::4" }, names: ["HOST_IP"] },
  {
    does: "an IPv6 HOST_IP while the gate is nmi",
    environment: { AZURE_IDENTITY_GUARD_GATE: "nmi", HOST_IP: "fd00::4" },
    names: ["HOST_IP"],
  },
  {
    does: "a malformed object ID",
    environment: { AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: "my-identity" },
    names: ["AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID"],
  },
  {
    does: "a malformed tenant ID among good ones",
    environment: {
      AZURE_IDENTITY_GUARD_EXPECTED_TENANT_ID: "11111111-1111-4111-8111-111111111111,contoso",
    },
    names: ["AZURE_IDENTITY_GUARD_EXPECTED_TENANT_ID"],
  },
  {
    does: "several mistakes, all reported together",
    environment: {
      AZURE_IDENTITY_GUARD_GATE: "NMI!",
      AZURE_IDENTITY_GUARD_MIN_RETRIES: "four",
      AZURE_IDENTITY_GUARD_EXPECTED_CLIENT_ID: "x",
    },
    names: [
      "AZURE_IDENTITY_GUARD_GATE",
      "AZURE_IDENTITY_GUARD_MIN_RETRIES",
      "AZURE_IDENTITY_GUARD_EXPECTED_CLIENT_ID",
    ],
  },
];

async function thrownBy(creation: Promise<unknown>): Promise<ThrownError> {
  try {
    await creation;
  } catch (error) {
    if (error instanceof RemoteError) return error.thrown;
    throw error;
  }
  throw new Error("The constructor threw nothing.");
}

describe.concurrent("a bad environment", () => {
  test.each(ENVIRONMENTS)("is refused at construction: $does", async ({ environment, names }) => {
    await using child = await Child.start({ ...IN_KUBERNETES, ...environment });
    for (const spec of [GUARDED_DEFAULT, GUARDED_MANAGED_IDENTITY]) {
      const thrown = await thrownBy(child.create(spec));
      expect(thrown).toMatchObject({ name: "IdentityGuardError", code: "ERR_GUARD_CONFIGURATION" });
      expect(thrown.details?.problems?.map(({ name }) => name)).toEqual(names);
      for (const name of names) expect(thrown.message).toContain(name);
    }
  });

  test("with a misspelt variable is warned about where nobody turned the log on", async () => {
    const environment = { AZURE_IDENTITY_GUARD_EXPECTED_OBJECTID: "11111111-1111-4111-8111-111111111111" };
    const child = await Child.start({ ...IN_KUBERNETES, ...environment });
    await child.create(GUARDED_MANAGED_IDENTITY);
    const { stderr } = await child.end();
    expect(stderr).toContain("AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID");
  });
});

describe("bad options", () => {
  let node: NodeSimulator;
  let child: Child;
  beforeAll(async () => {
    node = await startNode();
    child = await Child.start({ ...IN_KUBERNETES, ...node.environment });
  });
  afterAll(async () => {
    await child.end();
    await node.close();
  });

  test.each([
    { does: "an unknown gate", args: [{ guard: { gate: "imds" } }] },
    { does: "a budget of no number", args: [{ guard: { retry: { budgetMs: "80s" } } }] },
    { does: "a malformed object ID", args: [{ guard: { expect: { objectId: "app" } } }] },
    { does: "two ids of a managed identity", args: [{ clientId: "a", resourceId: "b" }] },
  ])("are refused at construction: $does", async ({ args }) => {
    const thrown = await thrownBy(child.create({ ...GUARDED_MANAGED_IDENTITY, args }));
    expect(thrown).toMatchObject({ name: "IdentityGuardError", code: "ERR_GUARD_CONFIGURATION" });
  });
});

describe.concurrent("bad scopes", () => {
  test.each([
    { does: "several", scopes: ["https://vault.azure.net/.default", "https://storage.azure.com/.default"] },
    { does: "none", scopes: [] },
    { does: "an empty text", scopes: "" },
  ])("for a managed identity are refused before anything is sent: $does", async ({ scopes }) => {
    await using pod = await Pod.start();
    const id = await pod.child.create(GUARDED_DEFAULT);
    expect(await pod.child.getToken(id, scopes)).toMatchObject({
      outcome: "error",
      code: "ERR_GUARD_CONFIGURATION",
    });
    expect(tokenRequests(pod.node)).toHaveLength(0);
  });
});
