import { describe, expect, test } from "vitest";
import { mintToken } from "../../src/testing/mint-token.js";
import { eventually } from "./support/eventually.js";
import type { Child } from "./support/child.js";
import { likeNmi, sendJson, startEndpoint, tokenBody } from "./support/endpoint.js";
import { Pod, SHORT_BUDGET } from "./support/pod.js";
import { GUARDED_DEFAULT, IMPATIENT_DEFAULT, SCOPE } from "./support/setups.js";
import { isTokenRequest, tokenRequests } from "./support/trouble.js";

const HOUR_MS = 3_600_000;

async function attemptReasons(child: Child, id: string): Promise<readonly unknown[]> {
  const events = await child.events(id);
  return events.filter(({ type }) => type === "attempt").map(({ reason, outcome }) => reason ?? outcome);
}

async function tokenEvents(child: Child, id: string): Promise<number> {
  return (await child.events(id)).filter(({ type }) => type === "token").length;
}

describe.concurrent("an outage over a cached token", () => {
  test.each(["crashed", "gone"] as const)("of hours is noticed by no caller (NMI %s)", async (how) => {
    await using pod = await Pod.start(
      { AZURE_IDENTITY_GUARD_POLL_INTERVAL: "1s" },
      { systemAssigned: { name: "node" } },
    );
    const id = await pod.child.create(GUARDED_DEFAULT);
    const before = await pod.child.getToken(id, SCOPE);
    expect(before).toMatchObject({ outcome: "token", oid: pod.node.identity.objectId });
    if (how === "crashed") await pod.node.nmi.crash();
    else await pod.node.nmi.setState("down");
    await eventually(async () => (await pod.child.snapshot(id)).gate?.state === "closed");
    const asked = tokenRequests(pod.node).length;
    for (const hours of [13, 5, 5]) {
      await pod.child.passTime(hours * HOUR_MS);
      const { token } = { token: undefined, ...(await pod.child.getToken(id, SCOPE)) };
      expect(token === (before as { token: string }).token).toBe(true);
    }
    expect(tokenRequests(pod.node)).toHaveLength(asked);
  });

  test("ends with the token's life: one with under 30 s left is not served", async () => {
    await using pod = await Pod.start();
    const id = await pod.child.create(GUARDED_DEFAULT);
    expect(await pod.child.getToken(id, SCOPE)).toMatchObject({ outcome: "token" });
    await pod.node.nmi.crash();
    const impatient = await pod.child.create(IMPATIENT_DEFAULT);
    expect(await pod.child.getToken(impatient, SCOPE)).toMatchObject({ outcome: "token" });
    await pod.child.passTime(24 * HOUR_MS - 20_000);
    expect(await pod.child.getToken(impatient, SCOPE)).toMatchObject({ code: "ERR_GUARD_GATE_CLOSED" });
  });

  test("by a refresh that fails is seen in health, and 200 callers cost one request", async () => {
    await using pod = await Pod.start();
    const id = await pod.child.create(GUARDED_DEFAULT);
    const before = await pod.child.getToken(id, SCOPE);
    pod.node.faults.always("nmi", { kind: "status", status: 503, body: "down\n" }, { match: isTokenRequest });
    await pod.child.passTime(13 * HOUR_MS);
    const all = await pod.child.getTokens([id], SCOPE, 200);
    expect(new Set(all.map((each) => (each.outcome === "token" ? each.token : each.code)))).toEqual(
      new Set([before.outcome === "token" ? before.token : ""]),
    );
    await eventually(async () => (await attemptReasons(pod.child, id)).includes("imds-unreachable"));
    expect(all.every(({ waitedMs }) => waitedMs < 5_000)).toBe(true);
    expect((await pod.child.snapshot(id)).keys[0]?.expiresOn).toBe(
      before.outcome === "token" ? before.expiresOn : 0,
    );
  });

  test("is over with a refresh that brings the next token", async () => {
    await using pod = await Pod.start();
    const id = await pod.child.create(GUARDED_DEFAULT);
    const before = await pod.child.getToken(id, SCOPE);
    pod.node.imds.clearTokenCache();
    await pod.child.passTime(13 * HOUR_MS);
    expect(await pod.child.getToken(id, SCOPE)).toMatchObject({ token: "token" in before && before.token });
    await eventually(async () => (await tokenEvents(pod.child, id)) === 2);
    const after = await pod.child.getToken(id, SCOPE);
    expect(after).toMatchObject({ outcome: "token", oid: pod.node.identity.objectId });
    expect("token" in after && "token" in before && after.token === before.token).toBe(false);
  });

  test("by a refresh that brings another identity's token leaves the right one in place", async () => {
    await using pod = await Pod.start();
    const id = await pod.child.create(GUARDED_DEFAULT);
    const before = await pod.child.getToken(id, SCOPE);
    pod.node.imds.setStalePrincipal(pod.node.identity, "11111111-1111-4111-8111-111111111111");
    await pod.child.passTime(13 * HOUR_MS);
    await pod.child.getToken(id, SCOPE);
    await eventually(async () => (await attemptReasons(pod.child, id)).includes("identity-mismatch"));
    expect(await pod.child.getToken(id, SCOPE)).toMatchObject({ token: "token" in before && before.token });
  });
});

describe.concurrent("an answer that is no good", () => {
  test("is an already expired token: the next one is taken", async () => {
    await using pod = await Pod.start({}, { imds: { tokens: { lifetimeMs: 10_000 } } });
    const id = await pod.child.create(GUARDED_DEFAULT);
    const call = pod.child.getToken(id, SCOPE);
    await eventually(async () => (await attemptReasons(pod.child, id)).includes("token-expired"));
    pod.node.imds.setTokens({ lifetimeMs: 24 * HOUR_MS });
    pod.node.imds.clearTokenCache();
    expect(await call).toMatchObject({ outcome: "token", oid: pod.node.identity.objectId });
  });

  test("is a token whose own claims have expired, whatever the answer says of it", async () => {
    await using pod = await Pod.start(SHORT_BUDGET);
    const exp = Math.floor(Date.now() / 1000) - 60;
    const token = await mintToken({ oid: pod.node.identity.objectId, exp });
    pod.child.hides(token);
    const fault = { kind: "status", status: 200, body: tokenBody(token) } as const;
    pod.node.faults.always("nmi", fault, { match: isTokenRequest });
    const id = await pod.child.create(GUARDED_DEFAULT);
    expect(await pod.child.getToken(id, SCOPE)).toMatchObject({
      code: "ERR_GUARD_BUDGET_SPENT",
      details: { reason: "token-expired" },
    });
  });

  test("is an opaque token while an identity is expected: refused for good", async () => {
    await using pod = await Pod.start({}, { imds: { tokens: { format: "opaque" } } });
    const id = await pod.child.create(GUARDED_DEFAULT);
    expect(await pod.child.getToken(id, SCOPE)).toMatchObject({ code: "ERR_GUARD_TOKEN_UNVERIFIABLE" });
    expect(tokenRequests(pod.node)).toHaveLength(1);
  });

  test("is a body of 2 GB, of which hardly anything is read; the next answer is taken", async () => {
    const right = await mintToken({ oid: "22222222-2222-4222-8222-222222222222" });
    let asked = 0;
    let written = 0;
    const block = Buffer.alloc(64 * 1024, " ");
    const answer = likeNmi((_request, response) => {
      asked += 1;
      if (asked > 1) {
        sendJson(response, 200, tokenBody(right));
        return;
      }
      const length = 2 * 1024 ** 3;
      response.writeHead(200, { "Content-Type": "application/json", "Content-Length": length });
      const pump = (): void => {
        while (written < length && !response.destroyed) {
          written += block.length;
          if (!response.write(block)) {
            response.once("drain", pump);
            return;
          }
        }
      };
      pump();
    });
    await using endpoint = await startEndpoint(answer);
    await using pod = await Pod.start({
      AZURE_POD_IDENTITY_AUTHORITY_HOST: endpoint.url,
      AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: "22222222-2222-4222-8222-222222222222",
    });
    const id = await pod.child.create(GUARDED_DEFAULT);
    expect(await pod.child.getToken(id, SCOPE)).toMatchObject({ outcome: "token" });
    expect(await attemptReasons(pod.child, id)).toContain("invalid-answer");
    // What the socket's buffers take, and no more.
    expect(written).toBeLessThan(64 * 1024 ** 2);
  });
});

describe.concurrent("a budget that is shortened", () => {
  const environment = {
    AZURE_IDENTITY_GUARD_RETRY_BUDGET: "12s",
    AZURE_IDENTITY_GUARD_RETRY_DELAY: "120ms",
    AZURE_IDENTITY_GUARD_RETRY_MAX_DELAY: "750ms",
    AZURE_IDENTITY_GUARD_ATTEMPT_TIMEOUT: "2250ms",
  };

  test("starts its 4 retries although each attempt uses its whole timeout, and ends in time", async () => {
    await using pod = await Pod.start(environment);
    pod.node.faults.always("nmi", { kind: "hang" }, { match: isTokenRequest });
    const id = await pod.child.create(GUARDED_DEFAULT);
    const settled = await pod.child.getToken(id, SCOPE);
    expect(settled).toMatchObject({ code: "ERR_GUARD_BUDGET_SPENT", details: { reason: "timeout" } });
    expect(settled.waitedMs).toBeLessThan(14_000);
    // The last one goes on for a while after its caller is gone.
    await eventually(async () => (await attemptReasons(pod.child, id)).length >= 5);
  });

  test("brings the right token after a trouble that fits into it", async () => {
    await using pod = await Pod.start(environment, { nmi: { state: "down" } });
    const id = await pod.child.create(GUARDED_DEFAULT);
    const call = pod.child.getToken(id, SCOPE);
    await pod.node.nmi.start({ healthAfterMs: 1_000, activeAfterMs: 4_000 });
    expect(await call).toMatchObject({ outcome: "token", oid: pod.node.identity.objectId });
  });
});
