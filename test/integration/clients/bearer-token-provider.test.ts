import { describe, expect, test } from "vitest";
import type { NodeSimulator } from "../../../src/testing/node-simulator.js";
import type { Child, Settled } from "../support/child.js";
import { eventually } from "../support/eventually.js";
import { startNode } from "../support/node.js";
import { SHORT_BUDGET } from "../support/pod.js";
import { gatedEnvironment, GUARDED_DEFAULT, GUARDED_MANAGED_IDENTITY, SETUPS } from "../support/setups.js";
import { tokenRequests } from "../support/trouble.js";
import { MODEL_SCOPE, startModelApi } from "./support/model-api.js";
import { startExample } from "./support/example.js";
import { provide, startSdkChild } from "./support/sdk-child.js";

const WRONG = "11111111-1111-4111-8111-111111111111";
const MINUTE_MS = 60_000;

interface Way {
  readonly name: string;
  readonly environment: (node: NodeSimulator) => Readonly<Record<string, string>>;
  readonly create: (child: Child, node: NodeSimulator) => Promise<string>;
}

const WAYS: readonly Way[] = [
  ...[GUARDED_DEFAULT, GUARDED_MANAGED_IDENTITY].map((spec) => ({
    name: `the guarded ${spec.name}`,
    environment: gatedEnvironment,
    create: async (child: Child) => await child.create(spec),
  })),
  {
    name: "guard(ManagedIdentityCredential)",
    environment: (node) => SETUPS.wrapped.environment(node, 1),
    create: async (child, node) => await child.create(SETUPS.wrapped.credential(node)),
  },
];

const tokenOf = (settled: Settled | undefined): string =>
  settled?.outcome === "token" ? settled.token : "none";

describe.concurrent("getBearerTokenProvider", () => {
  test.each(WAYS)("of $name: 200 calls at once get the right token, for one request", async (way) => {
    await using node = await startNode();
    await using child = await startSdkChild(way.environment(node));
    const id = await way.create(child, node);
    const all = await provide(child, id, MODEL_SCOPE, 200);
    expect(all.map((each) => each.outcome === "token" && each.oid)).toEqual(
      new Array(200).fill(node.identity.objectId),
    );
    expect(tokenRequests(node).map(({ query }) => query["resource"])).toEqual([
      "https://cognitiveservices.azure.com",
    ]);
  });

  test.each(WAYS)("of $name: renews a token that nears its end", async (way) => {
    await using node = await startNode();
    node.imds.setTokens({ lifetimeMs: 10 * MINUTE_MS });
    await using child = await startSdkChild(way.environment(node));
    const id = await way.create(child, node);
    const [first] = await provide(child, id, MODEL_SCOPE);
    expect(first).toMatchObject({ outcome: "token", oid: node.identity.objectId });
    node.imds.setTokens({ lifetimeMs: 60 * MINUTE_MS });
    node.imds.clearTokenCache();
    // Two minutes before the end the provider asks, in the background, while it gives out the old one.
    await child.passTime(8.5 * MINUTE_MS);
    let renewed: Settled | undefined;
    await eventually(async () => {
      [renewed] = await provide(child, id, MODEL_SCOPE);
      return tokenOf(renewed) !== tokenOf(first);
    });
    expect(renewed).toMatchObject({ outcome: "token", oid: node.identity.objectId });
    expect(tokenRequests(node)).toHaveLength(2);
  });

  test.each(WAYS)("of $name: gives out no other identity's token, at no time", async (way) => {
    await using node = await startNode();
    node.imds.setTokens({ lifetimeMs: 10 * MINUTE_MS });
    await using child = await startSdkChild({ ...way.environment(node), ...SHORT_BUDGET });
    const id = await way.create(child, node);
    const [first] = await provide(child, id, MODEL_SCOPE);
    expect(first).toMatchObject({ outcome: "token", oid: node.identity.objectId });
    node.imds.setStalePrincipal(node.identity, WRONG);
    await child.passTime(8.5 * MINUTE_MS);
    // The renewal brings a wrong one; the old one is served for as long as it lives.
    const before = tokenRequests(node).length;
    const during = await provide(child, id, MODEL_SCOPE, 20);
    await eventually(() => tokenRequests(node).length > before);
    const after = await provide(child, id, MODEL_SCOPE, 20);
    expect(new Set([...during, ...after].map(tokenOf))).toEqual(new Set([tokenOf(first)]));
    await child.passTime(2 * MINUTE_MS);
    const [failed] = await provide(child, id, MODEL_SCOPE);
    expect(failed).toMatchObject({ outcome: "error", code: "ERR_GUARD_IDENTITY_MISMATCH" });
  });
});

describe.concurrent("examples/bearer-token-provider", () => {
  test("waits for NMI, then sends the right token with each request, acquired once", async () => {
    await using node = await startNode({ nmi: { state: "down" }, systemAssigned: { name: "node" } });
    await using model = await startModelApi(node.identity.objectId);
    await using application = await startExample("bearer-token-provider", {
      ...gatedEnvironment(node),
      AZURE_OPENAI_ENDPOINT: model.url,
      AZURE_LOG_LEVEL: "info",
    });
    await eventually(() => application.output().includes("gate nmi => closed"));
    await node.nmi.setState("active");
    const { stdout } = await application.end();
    expect(stdout).toBe("Light scatters.\nLight scatters.\n");
    expect(model.oids).toEqual([node.identity.objectId, node.identity.objectId]);
    expect(model.requests[0]?.target).toMatch(/^\/openai\/deployments\/gpt-4o\/chat\/completions\?/u);
    expect(tokenRequests(node)).toHaveLength(1);
  });
});
