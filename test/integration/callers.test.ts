import { describe, expect, test } from "vitest";
import { eventually } from "./support/eventually.js";
import type { Settled } from "./support/child.js";
import { Pod } from "./support/pod.js";
import { GUARDED_DEFAULT, GUARDED_MANAGED_IDENTITY, SCOPE } from "./support/setups.js";
import { budgetMs, SCALE, scaledEnvironment, scaledMs } from "./support/scale.js";
import { bring, isTokenRequest, tokenRequests } from "./support/trouble.js";

const tokensOf = (all: readonly Settled[]): readonly (string | undefined)[] => [
  ...new Set(all.map((settled) => (settled.outcome === "token" ? settled.token : undefined))),
];

describe.concurrent("many callers", () => {
  test("Q: 200 callers at once of a slow endpoint make one request", async () => {
    await using pod = await Pod.start();
    pod.node.faults.always("nmi", { kind: "delay", ms: 300 }, { match: isTokenRequest });
    const id = await pod.child.create(GUARDED_DEFAULT);
    const all = await pod.child.getTokens([id], SCOPE, 200);
    expect(all).toHaveLength(200);
    expect(all.every(({ outcome }) => outcome === "token")).toBe(true);
    expect(tokensOf(all)).toHaveLength(1);
    expect(tokenRequests(pod.node)).toHaveLength(1);
  });

  test("1,000 callers at once of a cold credential make one request", async () => {
    await using pod = await Pod.start();
    const id = await pod.child.create(GUARDED_DEFAULT);
    const all = await pod.child.getTokens([id], SCOPE, 1000);
    expect(all).toHaveLength(1000);
    expect(all.every(({ outcome }) => outcome === "token")).toBe(true);
    expect(tokenRequests(pod.node)).toHaveLength(1);
  });

  test("1,000 callers who wait for a gate to open make one request once it does", async () => {
    await using pod = await Pod.start({}, { nmi: { state: "not-active" } });
    const id = await pod.child.create(GUARDED_DEFAULT);
    const calls = pod.child.getTokens([id], SCOPE, 1000);
    await pod.node.nextRequest(({ answeredBy }) => answeredBy === "health");
    await pod.node.nmi.setState("active");
    expect((await calls).every(({ outcome }) => outcome === "token")).toBe(true);
    expect(tokenRequests(pod.node)).toHaveLength(1);
  });

  test.each([GUARDED_DEFAULT, GUARDED_MANAGED_IDENTITY])(
    "60 instances of $name made at once cost one request",
    async (spec) => {
      await using pod = await Pod.start();
      const ids = await pod.child.createAll(spec, 60);
      const all = await pod.child.getTokens(ids, SCOPE, 1);
      expect(all.filter(({ outcome }) => outcome === "token")).toHaveLength(60);
      expect(tokenRequests(pod.node)).toHaveLength(1);
    },
  );

  test("60 instances made one after another, as one for each request, cost one request", async () => {
    await using pod = await Pod.start();
    for (let request = 0; request < 60; request += 1) {
      const id = await pod.child.create(GUARDED_DEFAULT);
      expect(await pod.child.getToken(id, SCOPE)).toMatchObject({ outcome: "token" });
    }
    expect(tokenRequests(pod.node)).toHaveLength(1);
  });

  test("instances of the ESM and the CommonJS build share their token", async () => {
    await using pod = await Pod.start();
    for (const from of ["guard", "guard-cjs"] as const) {
      const id = await pod.child.create({ from, name: "ManagedIdentityCredential" });
      expect(await pod.child.getToken(id, SCOPE)).toMatchObject({ outcome: "token" });
    }
    expect(tokenRequests(pod.node)).toHaveLength(1);
  });
});

describe.concurrent("callers who leave", () => {
  test("P: a caller who aborts while the request is held is rejected with AbortError, and nobody asks again", async () => {
    await using pod = await Pod.start(scaledEnvironment(), { timeScale: 1 / SCALE });
    const stop = await bring({ kind: "answers", fault: { kind: "hold" } }, 50, pod.node);
    const id = await pod.child.create(GUARDED_DEFAULT);
    const settled = await pod.child.getToken(id, SCOPE, { abortAfterMs: scaledMs(2) });
    expect(settled).toMatchObject({ outcome: "error", name: "AbortError" });
    // The call ended long before the hold would have, and before the attempt's own timeout.
    expect(settled.waitedMs).toBeLessThan(budgetMs() / 2);
    await pod.child.end();
    expect(tokenRequests(pod.node).length).toBeLessThanOrEqual(1);
    stop();
  });

  test("a call whose signal is aborted beforehand sends nothing", async () => {
    await using pod = await Pod.start();
    const id = await pod.child.create(GUARDED_DEFAULT);
    const settled = await pod.child.getToken(id, SCOPE, { abortAfterMs: 0 });
    expect(settled).toMatchObject({ outcome: "error", name: "AbortError" });
  });

  test("one of two callers who aborts does not disturb the other", async () => {
    await using pod = await Pod.start();
    const hold = pod.node.faults.always("nmi", { kind: "hold" }, { match: isTokenRequest });
    const id = await pod.child.create(GUARDED_DEFAULT);
    const asked = pod.node.nextRequest(({ query }) => Object.hasOwn(query, "resource"));
    const leaving = pod.child.getToken(id, SCOPE, { abort: "first" });
    const staying = pod.child.getToken(id, SCOPE);
    await asked;
    await pod.child.abort("first");
    expect(await leaving).toMatchObject({ outcome: "error", name: "AbortError" });
    hold.release();
    expect(await staying).toMatchObject({ outcome: "token", oid: pod.node.identity.objectId });
    expect(tokenRequests(pod.node)).toHaveLength(1);
  });

  test("callers who each give up after 700 ms get a token that takes 1.5 s, for one request", async () => {
    await using pod = await Pod.start();
    pod.node.faults.always("nmi", { kind: "delay", ms: 1500 }, { match: isTokenRequest });
    const id = await pod.child.create(GUARDED_DEFAULT);
    const settled: Settled[] = [];
    while (settled.length < 20 && settled.at(-1)?.outcome !== "token") {
      settled.push(await pod.child.getToken(id, SCOPE, { abortAfterMs: 700 }));
    }
    expect(settled.at(-1)).toMatchObject({ outcome: "token", oid: pod.node.identity.objectId });
    expect(settled[0]).toMatchObject({ outcome: "error", name: "AbortError" });
    expect(tokenRequests(pod.node)).toHaveLength(1);
  });

  test("close() ends those who wait with ERR_GUARD_CLOSED, and cuts the request", async () => {
    await using pod = await Pod.start();
    pod.node.faults.always("nmi", { kind: "hang" }, { match: isTokenRequest });
    const id = await pod.child.create(GUARDED_DEFAULT);
    const asked = pod.node.nextRequest(({ query }) => Object.hasOwn(query, "resource"));
    const waiting = pod.child.getToken(id, SCOPE);
    const request = await asked;
    await pod.child.closeCredential(id);
    expect(await waiting).toMatchObject({ outcome: "error", code: "ERR_GUARD_CLOSED" });
    await eventually(() => request.outcome === "aborted");
    expect(request.outcome).toBe("aborted");
  });
});

describe.concurrent("connections", () => {
  test("R: 5 resources in sequence take a fresh connection each, and each its own token", async () => {
    await using pod = await Pod.start();
    const id = await pod.child.create(GUARDED_DEFAULT);
    const names = ["vault.azure.net", "storage.azure.com", "management.azure.com", "a.example", "b.example"];
    const all: Settled[] = [];
    for (const name of names) all.push(await pod.child.getToken(id, `https://${name}/.default`));
    expect(tokensOf(all)).toHaveLength(5);
    expect(all.every((each) => each.outcome === "token" && each.oid === pod.node.identity.objectId)).toBe(
      true,
    );
    const sockets = tokenRequests(pod.node).map(({ socketId }) => socketId);
    expect(new Set(sockets).size).toBe(5);
  });

  test("no connection is used twice, health checks and route probes included", async () => {
    await using pod = await Pod.start();
    const id = await pod.child.create(GUARDED_DEFAULT);
    await pod.child.getToken(id, "https://one.example/.default");
    await pod.child.getToken(id, "https://two.example/.default");
    const sockets = pod.node.requests.map(({ socketId }) => socketId);
    expect(sockets.length).toBeGreaterThan(4);
    expect(new Set(sockets).size).toBe(sockets.length);
  });

  test("a token comes through NMI although this process once spoke to IMDS", async () => {
    await using pod = await Pod.start({}, { nmi: { state: "not-active" }, systemAssigned: { name: "node" } });
    // The SDK keeps its connection alive, past NMI's rule.
    const plain = await pod.child.create({ from: "sdk", name: "ManagedIdentityCredential", args: [{}] });
    expect(await pod.child.getToken(plain, SCOPE)).toMatchObject({ outcome: "token" });
    await pod.node.nmi.setState("active");
    const id = await pod.child.create(GUARDED_MANAGED_IDENTITY);
    expect(await pod.child.getToken(id, SCOPE)).toMatchObject({ oid: pod.node.identity.objectId });
    expect(tokenRequests(pod.node).map(({ answeredBy }) => answeredBy)).toEqual(["imds", "nmi"]);
  });
});
