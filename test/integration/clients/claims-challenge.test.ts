import { describe, expect, test } from "vitest";
import { EntraSimulator } from "../../../src/testing/entra.js";
import type { Child, Settled } from "../support/child.js";
import { startNode } from "../support/node.js";
import { gatedEnvironment, GUARDED_DEFAULT, IN_KUBERNETES, SCOPE } from "../support/setups.js";
import { tokenRequests } from "../support/trouble.js";
import { KeyVault } from "./support/key-vault.js";
import { getSecret, startSdkChild } from "./support/sdk-child.js";

/** Where the credential's tokens came from, in their order. */
async function origins(child: Child, id: string): Promise<readonly unknown[]> {
  return (await child.events(id)).filter(({ type }) => type === "token").map(({ source }) => source);
}

const tokenOf = (settled: Settled): string => (settled.outcome === "token" ? settled.token : "none");

describe.concurrent("a claims challenge of the vault, under Workload ID", () => {
  test("brings a token acquired with its claims, which replaces the one in the cache", async () => {
    await using entra = await EntraSimulator.start();
    await using vault = await KeyVault.start(entra);
    await using child = await startSdkChild({
      ...IN_KUBERNETES,
      ...entra.environment,
      AZURE_AUTHORITY_HOST: "https://login.microsoftonline.com/",
      AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: entra.identity.objectId,
      ...vault.environment,
    });
    const id = await child.create(GUARDED_DEFAULT);
    expect(await getSecret(child, id)).toEqual({ value: "hello" });
    // As SecretClient asks: the key of the cache.
    const asked = { options: { enableCae: true, tenantId: entra.identity.tenantId } };
    const before = await child.getToken(id, SCOPE, asked);
    expect(entra.counters.tokens).toBe(1);

    vault.revokeAll();
    const { claims } = entra.revocation;
    expect(await getSecret(child, id)).toEqual({ value: "hello" });
    expect(entra.counters.tokens).toBe(2);
    // The SDK adds what its client can do to the claims that it is given.
    const sent: unknown = JSON.parse(entra.requests.at(-1)?.form?.["claims"] ?? "{}");
    expect(sent).toMatchObject(JSON.parse(claims) as object);
    expect(vault.statuses).toEqual([401, 200, 401, 200]);

    // Callers who know of no challenge get the new one, a client that holds no token yet included.
    const after = await child.getToken(id, SCOPE, asked);
    expect(after).toMatchObject({ outcome: "token", oid: entra.identity.objectId });
    expect(tokenOf(after)).not.toBe(tokenOf(before));
    expect(await getSecret(child, id, { client: "second" })).toEqual({ value: "hello" });
    expect(vault.statuses.slice(4)).toEqual([401, 200]);
    expect(entra.counters.tokens).toBe(2);
    expect(await origins(child, id)).toEqual(["acquired", "claims"]);
    expect(vault.seen).toEqual({ [entra.identity.objectId]: 4 });
  });
});

describe.concurrent("a claims challenge of the vault, under managed identity", () => {
  test("is asked about without claims; the challenged token comes again, and an event says so", async () => {
    await using node = await startNode();
    await using entra = await EntraSimulator.start();
    await using vault = await KeyVault.start(entra, node.identity.objectId);
    await using child = await startSdkChild({ ...gatedEnvironment(node), ...vault.environment });
    const id = await child.create(GUARDED_DEFAULT);
    expect(await getSecret(child, id)).toEqual({ value: "hello" });
    vault.revokeAll();
    // The node's IMDS keeps its tokens for a day: the vault gets the same one, and the application the vault's 401.
    expect(await getSecret(child, id)).toMatchObject({ name: "RestError", statusCode: 401 });
    expect(vault.statuses).toEqual([401, 200, 401, 401]);
    expect(await origins(child, id)).toEqual(["acquired", "claims-unchanged"]);
    expect(tokenRequests(node)).toHaveLength(2);
    expect(tokenRequests(node).flatMap(({ query }) => Object.keys(query))).not.toContain("claims");

    // Once the node has another, that is served.
    node.imds.clearTokenCache();
    expect(await getSecret(child, id)).toEqual({ value: "hello" });
    expect(await origins(child, id)).toEqual(["acquired", "claims-unchanged", "claims"]);
    expect(await getSecret(child, id, { client: "second" })).toEqual({ value: "hello" });
    expect(tokenRequests(node)).toHaveLength(3);
  });
});
