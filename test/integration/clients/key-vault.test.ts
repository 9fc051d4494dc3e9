import { describe, expect, test } from "vitest";
import type { NodeSimulator } from "../../../src/testing/node-simulator.js";
import { EntraSimulator } from "../../../src/testing/entra.js";
import type { NodeSimulatorOptions } from "../../../src/testing/simulator-options.js";
import type { Child } from "../support/child.js";
import { eventually } from "../support/eventually.js";
import { startNode } from "../support/node.js";
import { SHORT_BUDGET } from "../support/pod.js";
import { gatedEnvironment, GUARDED_DEFAULT, SCOPE } from "../support/setups.js";
import { tokenRequests } from "../support/trouble.js";
import { startExample } from "./support/example.js";
import { KeyVault } from "./support/key-vault.js";
import { getSecret, setSecret, startSdkChild } from "./support/sdk-child.js";

const PLAIN = { from: "sdk", name: "DefaultAzureCredential", args: [{}] } as const;

interface World {
  readonly node: NodeSimulator;
  readonly vault: KeyVault;
  readonly child: Child;
}

/** A pod on a simulated node, and a vault that admits the pod's identity. */
async function inPod(
  environment: Readonly<Record<string, string>>,
  options: NodeSimulatorOptions,
  act: (world: World) => Promise<void>,
): Promise<void> {
  await using node = await startNode(options);
  await using entra = await EntraSimulator.start();
  await using vault = await KeyVault.start(entra, node.identity.objectId);
  const pod = { ...gatedEnvironment(node), ...vault.environment, ...environment };
  await using child = await startSdkChild(pod);
  await act({ node, vault, child });
}

const HALF_STARTED: NodeSimulatorOptions = { nmi: { state: "down" }, systemAssigned: { name: "node" } };

describe.concurrent("SecretClient with the guarded DefaultAzureCredential", () => {
  test("sets and gets secrets", async () => {
    await inPod({}, {}, async ({ node, vault, child }) => {
      const id = await child.create(GUARDED_DEFAULT);
      expect(await getSecret(child, id)).toEqual({ value: "hello" });
      expect(await setSecret(child, id, "answer", "42")).toEqual({ value: "42" });
      expect(await getSecret(child, id, { secret: "answer" })).toEqual({ value: "42" });
      expect(vault.statuses).toEqual([401, 200, 200, 200]);
      expect(vault.seen).toEqual({ [node.identity.objectId]: 3 });
    });
  });

  test("waits for NMI, and never shows the vault the node's identity", async () => {
    await inPod({}, HALF_STARTED, async ({ node, vault, child }) => {
      const id = await child.create(GUARDED_DEFAULT);
      const asked = getSecret(child, id);
      // The vault's challenge is what makes the client ask for a token.
      await eventually(() => vault.statuses.length === 1);
      await node.nmi.setState("active");
      expect(await asked).toEqual({ value: "hello" });
      expect(vault.seen).toEqual({ [node.identity.objectId]: 1 });
    });
  });

  test("with the SDK's own class, the node's identity reaches the vault and stays", async () => {
    await inPod({}, HALF_STARTED, async ({ node, vault, child }) => {
      const id = await child.create(PLAIN);
      expect(await getSecret(child, id)).toMatchObject({ statusCode: 403 });
      await node.nmi.setState("active");
      expect(await getSecret(child, id, { client: "second" })).toMatchObject({ statusCode: 403 });
      expect(vault.seen).toEqual({ [node.imds.systemAssigned?.objectId ?? ""]: 2 });
    });
  });

  test("fails with the guard's error where only wrong tokens come, and shows the vault none", async () => {
    await inPod(SHORT_BUDGET, {}, async ({ node, vault, child }) => {
      node.imds.setStalePrincipal(node.identity, "11111111-1111-4111-8111-111111111111");
      const id = await child.create(GUARDED_DEFAULT);
      const failed = await getSecret(child, id);
      expect(failed).toMatchObject({ name: "IdentityGuardError", code: "ERR_GUARD_IDENTITY_MISMATCH" });
      expect(vault.seen).toEqual({});
      // Once the right one comes, the same client has it.
      node.imds.setStalePrincipal(node.identity, undefined);
      expect(await getSecret(child, id)).toEqual({ value: "hello" });
      expect(vault.seen).toEqual({ [node.identity.objectId]: 1 });
    });
  });

  test("keeps working through an outage in the middle, with the right token", async () => {
    await inPod({}, { systemAssigned: { name: "node" } }, async ({ node, vault, child }) => {
      const id = await child.create(GUARDED_DEFAULT);
      expect(await getSecret(child, id)).toEqual({ value: "hello" });
      await node.nmi.setState("down");
      // Past half the token's life, when client and guard want a new one.
      await child.passTime(13 * 3_600_000);
      for (const client of ["first", "second", "third"]) {
        expect(await getSecret(child, id, { client })).toEqual({ value: "hello" });
      }
      expect(vault.seen).toEqual({ [node.identity.objectId]: 4 });
    });
  });

  test.each(["AZURE_IDENTITY_GUARD_WARM_UP_SCOPES", "warmUp()"])(
    "is served by %s, although it sends tenantId and enableCae",
    async (way) => {
      const environment: Record<string, string> = way === "warmUp()" ? {} : { [way]: SCOPE };
      await inPod(environment, {}, async ({ node, child }) => {
        const id = await child.create(GUARDED_DEFAULT);
        await child.warmUp(id, SCOPE);
        await node.nmi.setState("down");
        expect(await getSecret(child, id)).toEqual({ value: "hello" });
        expect(tokenRequests(node)).toHaveLength(1);
      });
    },
  );
});

describe.concurrent("examples/keyvault-secrets", () => {
  test("writes and reads a secret, as the pod's identity, once NMI is there", async () => {
    await using node = await startNode(HALF_STARTED);
    await using entra = await EntraSimulator.start();
    await using vault = await KeyVault.start(entra, node.identity.objectId);
    const environment = { ...gatedEnvironment(node), ...vault.environment, NEW_VALUE: "forty-two" };
    await using application = await startExample("keyvault-secrets", environment);
    await eventually(() => vault.statuses.length === 1);
    await node.nmi.setState("active");
    expect((await application.end()).stdout).toMatch(
      /^greeting has 9 characters, and is of version [0-9a-f]{32}\n$/u,
    );
    expect(vault.requests.map(({ method, status }) => [method, status])).toEqual([
      ["PUT", 401],
      ["PUT", 200],
      ["GET", 200],
    ]);
    expect(vault.seen).toEqual({ [node.identity.objectId]: 2 });
  });

  test("says which error of the guard it was, and shows the vault nothing", async () => {
    await using node = await startNode({ nmi: { state: "down" } });
    await using entra = await EntraSimulator.start();
    await using vault = await KeyVault.start(entra, node.identity.objectId);
    const environment = { ...gatedEnvironment(node), ...vault.environment, ...SHORT_BUDGET };
    await using application = await startExample("keyvault-secrets", environment);
    const { code, stderr } = await application.ended();
    expect({ code, seen: vault.seen }).toEqual({ code: 1, seen: {} });
    expect(stderr).toContain("ERR_GUARD_GATE_CLOSED: No token for https://vault.azure.net");
  });
});
