import { beforeEach, describe, expect, it, vi } from "vitest";
import { detectManagedIdentitySource } from "../../src/config/identity-sources.js";
import type { Gate } from "../../src/gate/gate.js";
import { FakeSdk } from "./fake-identity.js";
import { outcome, RIGHT, SCOPE, unsignedToken, World, WRONG } from "./world.js";

const sdk = vi.hoisted(() => ({ fake: undefined as FakeSdk | undefined }));
vi.mock("../../src/guard/azure-identity.js", () => ({ azureIdentity: () => sdk.fake?.module() }));

const pinned = { expect: { objectId: RIGHT } } as const;
const SOURCES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "app-service": { IDENTITY_ENDPOINT: "http://127.0.0.1:1/token", IDENTITY_HEADER: "h" },
  "service-fabric": {
    IDENTITY_ENDPOINT: "https://127.0.0.1:1/token",
    IDENTITY_HEADER: "h",
    IDENTITY_SERVER_THUMBPRINT: "t",
  },
  arc: { IDENTITY_ENDPOINT: "http://127.0.0.1:40342/token", IMDS_ENDPOINT: "http://127.0.0.1:40342" },
  "cloud-shell": { MSI_ENDPOINT: "http://127.0.0.1:1/token" },
  "machine-learning": { MSI_ENDPOINT: "http://127.0.0.1:1/token", MSI_SECRET: "s" },
};

describe.each(Object.entries(SOURCES))("a managed identity of %s", (source, environment) => {
  let world: World;
  let fake: FakeSdk;
  const token = (oid = RIGHT, lifeMs = 10_800_000) => {
    const expiresOnTimestamp = world.clock.now() + lifeMs;
    return { token: unsignedToken(oid, expiresOnTimestamp, fake.asked.length), expiresOnTimestamp };
  };
  beforeEach(() => {
    world = new World();
    fake = sdk.fake = new FakeSdk();
    fake.answer = () => token();
  });
  /** HOST_IP is there, as in any pod: it must change nothing. */
  const credential = (guard: Parameters<World["credential"]>[0] = pinned, clientId?: string) =>
    world.credential(
      guard,
      { ...environment, HOST_IP: "10.240.0.4" },
      clientId === undefined ? {} : { clientId },
    );

  it("is asked through @azure/identity alone, with the SDK's retries off and no gate", async () => {
    expect(detectManagedIdentitySource(environment, undefined)).toBe(source);
    await using asked = credential(pinned, WRONG);
    expect(await asked.getToken(SCOPE)).toHaveProperty("token");
    expect(fake.asked).toEqual([{ name: "ManagedIdentityCredential", scopes: SCOPE }]);
    expect(fake.made).toHaveLength(1);
    expect(asked.health.snapshot().gateName).toBeUndefined();
    expect([world.requests, world.healthChecks, world.routeProbes]).toEqual([0, 0, 0]);
  });

  it("ends a call at its budget, also where the source never answers, after the retries that it owes", async () => {
    fake.answer = () => undefined;
    await using asked = credential();
    const call = asked.getToken(SCOPE);
    call.catch(() => undefined);
    await world.clock.advance(79_900);
    expect(await outcome(call)).toBe("pending");
    await world.clock.advance(100);
    expect(await outcome(call)).toHaveProperty("error.code", "ERR_GUARD_BUDGET_SPENT");
  });

  it("asks again after a failure that passes", async () => {
    fake.answer = (n) =>
      n < 4 ? Object.assign(new Error("network_error"), { errorCode: "network_error" }) : token();
    await using asked = credential();
    const call = asked.getToken(SCOPE);
    await world.clock.advance(8_000);
    expect(await outcome(call)).toHaveProperty("value");
  });

  it.each([
    [
      "a connection that broke off",
      "network_error: See https://aka.ms/msal.js.errors#network_error for details",
    ],
    ["an answer that says nothing", "Cannot read properties of undefined (reading 'expires_on')"],
  ])("asks again outside of Kubernetes, too, after %s", async (_name, said) => {
    world.inKubernetes = false;
    const message = `ManagedIdentityCredential: Authentication failed. Message ${said}`;
    const failed = Object.assign(new Error(message), { name: "CredentialUnavailableError" });
    fake.answer = (n) => (n === 1 ? failed : token());
    await using asked = credential();
    const call = asked.getToken(SCOPE);
    await world.clock.advance(2_000);
    expect(await outcome(call)).toHaveProperty("value");
  });

  it("refuses another identity's token, keeps it in no cache, and says where it is kept", async () => {
    const wrong = token(WRONG);
    fake.answer = () => wrong;
    await using asked = credential();
    const call = asked.getToken(SCOPE);
    call.catch(() => undefined);
    await world.clock.advance(80_000);
    const ended = await outcome(call);
    expect(ended).toHaveProperty("error.code", "ERR_GUARD_IDENTITY_MISMATCH");
    expect(ended).toHaveProperty(
      "error.message",
      expect.stringContaining("in a cache that the guard cannot clear"),
    );
    // It is that class already.
    expect(ended).toHaveProperty("error.message", expect.stringContaining("restart the process)"));
    fake.answer = () => token();
    const again = asked.getToken(SCOPE);
    await world.clock.advance(5_000);
    expect(await outcome(again)).toHaveProperty("value");
  });

  it("is asked once for many callers, one resource however it is spelt, and not again while the token is fresh", async () => {
    await using asked = credential();
    const spellings = [SCOPE, "https://vault.azure.net", [SCOPE]];
    await Promise.all(
      spellings.map(async (scopes) => await asked.getToken(scopes, { enableCae: true, tenantId: "t" })),
    );
    await world.clock.advance(3_600_000);
    await asked.getToken(SCOPE);
    expect(fake.asked).toHaveLength(1);
    expect(asked.health.snapshot().metrics.cacheHits).toBe(1);
  });

  it("serves the token in hand while the source is down, and refreshes it in the background", async () => {
    await using asked = credential();
    await asked.getToken(SCOPE);
    fake.answer = () => new Error("down");
    await world.clock.advance(6_000_000);
    expect(await outcome(asked.getToken(SCOPE))).toHaveProperty("value");
    expect(fake.asked.length).toBeGreaterThan(1);
  });

  it("is ready with its warm-up token, and failing while its tokens are refused", async () => {
    fake.answer = (n) => (n === 1 ? token(WRONG) : token());
    await using asked = credential({ ...pinned, warmUpScopes: [SCOPE] });
    await world.clock.advance(0);
    expect(asked.health.snapshot()).toMatchObject({
      state: "starting",
      probes: { ready: false, live: true },
    });
    await world.clock.advance(5_000);
    expect(asked.health.snapshot()).toMatchObject({ state: "ready", probes: { ready: true, live: true } });
    fake.answer = () => token(WRONG);
    await world.clock.advance(10_800_000);
    expect(asked.health.snapshot()).toMatchObject({ state: "failing", probes: { ready: false, live: true } });
  });

  it("is guarded by a gate of the application's own, before and after", async () => {
    let state: "open" | "closed" = "closed";
    const gate: Gate = {
      name: "mine",
      check: async () => ({ state, reason: "custom:x", permanent: false, observedAt: 0 }),
    };
    await using asked = credential({ ...pinned, gate });
    const call = asked.getToken(SCOPE);
    await world.clock.advance(5_000);
    expect([await outcome(call), fake.asked.length]).toEqual(["pending", 0]);
    state = "open";
    await world.clock.advance(3_000);
    expect(await outcome(call)).toHaveProperty("value");
  });

  it("is not asked for a pod that expects Workload ID", async () => {
    await using asked = credential({ gate: "workload-identity" });
    await expect(asked.getToken(SCOPE)).rejects.toMatchObject({ code: "ERR_GUARD_GATE_CLOSED" });
    expect(fake.asked).toEqual([]);
  });
});
