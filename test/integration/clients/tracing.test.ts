import { describe, expect, test } from "vitest";
import { EntraSimulator } from "../../../src/testing/entra.js";
import type { NodeSimulator } from "../../../src/testing/node-simulator.js";
import type { NodeSimulatorOptions } from "../../../src/testing/simulator-options.js";
import type { Child } from "../support/child.js";
import { eventually } from "../support/eventually.js";
import { startNode } from "../support/node.js";
import { SHORT_BUDGET } from "../support/pod.js";
import { secretsIn } from "../support/secrets.js";
import {
  gatedEnvironment,
  GUARDED_DEFAULT,
  IN_KUBERNETES,
  RESOURCE,
  SCOPE,
  SETUPS,
} from "../support/setups.js";
import { isTokenRequest, issuedTokens, tokenRequests } from "../support/trouble.js";
import { KeyVault } from "./support/key-vault.js";
import { getTokenWithin, outline, spansOf, startTracedChild, within } from "./support/spans.js";

const PLAIN = { from: "sdk", name: "DefaultAzureCredential", args: [{}] } as const;
const OTHER_SCOPE = "https://other.example/.default";

/** A pod with OpenTelemetry on a simulated node. */
async function inPod(
  act: (node: NodeSimulator, child: Child) => Promise<void>,
  {
    environment = {},
    ...options
  }: NodeSimulatorOptions & { readonly environment?: Record<string, string> } = {},
): Promise<void> {
  await using node = await startNode(options);
  await using child = await startTracedChild({ ...gatedEnvironment(node), ...environment });
  await act(node, child);
  // Neither in an attribute, nor in what an error has brought along.
  const tokens = await issuedTokens(node, RESOURCE);
  expect(secretsIn(JSON.stringify(await spansOf(child)), tokens)).toEqual([]);
}

describe.concurrent("OpenTelemetry sees the guard where it sees @azure/identity", () => {
  // What differs is the name, and that there is no chain.
  test.each([
    {
      credential: GUARDED_DEFAULT,
      getToken: ["    IdentityGuard.getToken", "      HTTP GET"],
    },
    {
      credential: PLAIN,
      getToken: [
        "    ChainedTokenCredential.getToken",
        "      EnvironmentCredential.getToken",
        "      ManagedIdentityCredential.getToken",
        "        HTTP GET",
      ],
    },
  ])("in a call of SecretClient, from $credential.from", async ({ credential, getToken }) => {
    await using node = await startNode();
    await using entra = await EntraSimulator.start();
    await using vault = await KeyVault.start(entra, node.identity.objectId);
    await using child = await startTracedChild({ ...gatedEnvironment(node), ...vault.environment });
    const id = await child.create(credential);
    await within(child, "first", "getSecret", { id, secret: "greeting" });
    await within(child, "second", "getSecret", { id, secret: "greeting" });
    const spans = await spansOf(child);
    const call = "  SecretClient.getSecret";
    const request = "    HTTP GET";
    expect(outline(spans, "first")).toEqual(["first", call, request, ...getToken, request]);
    expect(outline(spans, "second")).toEqual(["second", call, request]);
    const inside = spans.find(({ name }) => name.endsWith(".getToken"));
    // The client's, as its context says.
    expect(inside?.attributes).toEqual({ "az.namespace": "Microsoft.KeyVault" });
  });

  test("in a call under Workload ID, with the SDK's own below", async () => {
    await using entra = await EntraSimulator.start();
    await using child = await startTracedChild({
      ...IN_KUBERNETES,
      ...entra.environment,
      AZURE_AUTHORITY_HOST: "https://login.microsoftonline.com/",
      AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: entra.identity.objectId,
    });
    const id = await child.create(GUARDED_DEFAULT);
    expect(await getTokenWithin(child, "job", { id, scopes: SCOPE })).toMatchObject({ outcome: "token" });
    const spans = await spansOf(child);
    expect(outline(spans, "job")).toEqual([
      "job",
      "  IdentityGuard.getToken",
      "    ClientAssertionCredential.getToken",
      "      HTTP POST",
    ]);
    expect(secretsIn(JSON.stringify(spans), [])).toEqual([]);
  });
});

describe.concurrent("a span of the guard", () => {
  test.each([
    { which: "is active", explicit: false },
    { which: "tracingOptions name", explicit: true },
  ])("is part of the span that $which", async (how) => {
    await inPod(async (node, child) => {
      const id = await child.create(GUARDED_DEFAULT);
      await getTokenWithin(child, "job", { id, scopes: SCOPE }, how);
      const spans = await spansOf(child);
      expect(outline(spans, "job")).toEqual(["job", "  IdentityGuard.getToken", "    HTTP GET"]);
      const [getToken, request] = ["IdentityGuard.getToken", "HTTP GET"].map((name) =>
        spans.find((span) => span.name === name),
      );
      expect(getToken).toMatchObject({
        scope: "azure-identity-guard",
        failed: false,
        attributes: { "az.namespace": "Microsoft.AAD" },
      });
      expect(request?.attributes).toMatchObject({ "http.status_code": 200 });
      // Whoever answers could go on with the trace.
      const sent = tokenRequests(node).map(({ headers }) => headers["traceparent"]);
      expect(sent).toEqual([`00-${request?.trace ?? ""}-${request?.id ?? ""}-01`]);
    });
  });

  test("has that of the credential in it which guard() was given", async () => {
    await inPod(async (node, child) => {
      const id = await child.create(SETUPS.wrapped.credential(node));
      await getTokenWithin(child, "job", { id, scopes: SCOPE });
      expect(outline(await spansOf(child), "job")).toEqual([
        "job",
        "  IdentityGuard.getToken",
        "    ManagedIdentityCredential.getToken",
        "      HTTP GET",
      ]);
    });
  });

  test("has every attempt in it, and records the failure", async () => {
    await inPod(
      async (node, child) => {
        node.imds.setStalePrincipal(node.identity, "11111111-1111-4111-8111-111111111111");
        const id = await child.create(GUARDED_DEFAULT);
        const settled = await getTokenWithin(child, "job", { id, scopes: SCOPE });
        expect(settled).toMatchObject({ outcome: "error", code: "ERR_GUARD_IDENTITY_MISMATCH" });
        const spans = await spansOf(child);
        expect(outline(spans, "job")).toEqual([
          "job",
          "  IdentityGuard.getToken",
          ...tokenRequests(node).map(() => "    HTTP GET"),
        ]);
        const failed = spans.filter((span) => span.failed);
        expect(failed.map(({ name }) => name)).toEqual(["IdentityGuard.getToken"]);
        expect(failed[0]?.status).toMatch(/^IdentityGuardError: No token for https:\/\/vault\.azure\.net /u);
        expect(failed[0]?.events).toMatchObject([
          { name: "exception", attributes: { "exception.type": "ERR_GUARD_IDENTITY_MISMATCH" } },
        ]);
      },
      { environment: SHORT_BUDGET },
    );
  });

  test("of who joins an acquisition has no request in it: that is part of the one that started it", async () => {
    await inPod(async (node, child) => {
      const hold = node.faults.always("nmi", { kind: "hold" }, { match: isTokenRequest });
      const id = await child.create(GUARDED_DEFAULT);
      const asked = node.nextRequest(({ query }) => Object.hasOwn(query, "resource"));
      const first = getTokenWithin(child, "first", { id, scopes: SCOPE });
      await asked;
      const second = getTokenWithin(child, "second", { id, scopes: SCOPE });
      // Answered once the call before it is under way.
      await child.snapshot(id);
      hold.release();
      await Promise.all([first, second]);
      const spans = await spansOf(child);
      expect(outline(spans, "first")).toEqual(["first", "  IdentityGuard.getToken", "    HTTP GET"]);
      expect(outline(spans, "second")).toEqual(["second", "  IdentityGuard.getToken"]);
    });
  });

  test("of a refresh is part of the call that found the token old, which did not wait for it", async () => {
    await inPod(async (node, child) => {
      const id = await child.create(GUARDED_DEFAULT);
      await getTokenWithin(child, "first", { id, scopes: SCOPE });
      await child.passTime(13 * 3_600_000);
      await getTokenWithin(child, "second", { id, scopes: SCOPE });
      const refreshed = async (): Promise<boolean> =>
        (await spansOf(child)).some(({ name }) => name === "IdentityGuard.refresh");
      await eventually(refreshed);
      expect(outline(await spansOf(child), "second")).toEqual([
        "second",
        "  IdentityGuard.refresh",
        "    HTTP GET",
      ]);
      expect(tokenRequests(node)).toHaveLength(2);
    });
  });

  test("of warm-up is part of no call, not of the one in which the credential was made", async () => {
    await inPod(
      async (_node, child) => {
        const [id] = (await within(child, "request", "create", {
          spec: GUARDED_DEFAULT,
        })) as readonly string[];
        await eventually(async () => (await child.snapshot(id ?? "")).state === "ready");
        const spans = await spansOf(child);
        expect(outline(spans, "request")).toEqual(["request"]);
        expect(outline(spans, "IdentityGuard.warmUp")).toEqual(["IdentityGuard.warmUp", "  HTTP GET"]);
        // A call that the cache serves is no span.
        await getTokenWithin(child, "job", { id: id ?? "", scopes: SCOPE });
        expect(outline(await spansOf(child), "job")).toEqual(["job"]);
      },
      { environment: { AZURE_IDENTITY_GUARD_WARM_UP_SCOPES: SCOPE } },
    );
  });

  test("of a caller who leaves ends with the call, as a failure", async () => {
    await inPod(async (node, child) => {
      const hold = node.faults.always("nmi", { kind: "hold" }, { match: isTokenRequest });
      const id = await child.create(GUARDED_DEFAULT);
      const asked = node.nextRequest(({ query }) => Object.hasOwn(query, "resource"));
      const leaving = within(child, "job", "getToken", { id, scopes: OTHER_SCOPE, abort: "leave" });
      await asked;
      await child.abort("leave");
      await leaving;
      const [span] = (await spansOf(child)).filter(({ name }) => name === "IdentityGuard.getToken");
      expect(span).toMatchObject({ failed: true, status: expect.stringMatching(/^AbortError/u) as unknown });
      hold.release();
    });
  });
});
