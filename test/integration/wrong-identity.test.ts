import { describe, expect, test } from "vitest";
import { Pod, SHORT_BUDGET, UNPINNED } from "./support/pod.js";
import {
  GUARDED_DEFAULT,
  GUARDED_MANAGED_IDENTITY,
  IMPATIENT_DEFAULT,
  RESOURCE,
  SCOPE,
} from "./support/setups.js";
import { isTokenRequest, issuedTokens, tokenRequests } from "./support/trouble.js";

const WRONG = { systemAssigned: { name: "node" } };
const isToken = ({ query }: { readonly query: object }): boolean => Object.hasOwn(query, "resource");

describe.concurrent("a cache that somebody else poisoned", () => {
  test.each([
    { plain: "sdk", guarded: GUARDED_DEFAULT },
    { plain: "sdk", guarded: GUARDED_MANAGED_IDENTITY },
    { plain: "sdk-cjs", guarded: GUARDED_DEFAULT },
    { plain: "sdk-cjs", guarded: GUARDED_MANAGED_IDENTITY },
  ] as const)("of a plain credential ($plain) does not fool $guarded.name", async ({ plain, guarded }) => {
    await using pod = await Pod.start({}, { ...WRONG, nmi: { state: "down" } });
    const id = await pod.child.create({ from: plain, name: "ManagedIdentityCredential", args: [{}] });
    const wrong = await pod.child.getToken(id, SCOPE);
    expect(wrong).toMatchObject({ outcome: "token", oid: pod.node.imds.systemAssigned?.objectId });
    await pod.node.nmi.setState("active");
    // The SDK still serves it, for hours.
    expect(await pod.child.getToken(id, SCOPE)).toMatchObject({ token: "token" in wrong ? wrong.token : "" });
    const right = await pod.child.create(guarded);
    expect(await pod.child.getToken(right, SCOPE)).toMatchObject({ oid: pod.node.identity.objectId });
  });

  test("is not what a guarded credential leaves behind for a plain one", async () => {
    await using pod = await Pod.start(SHORT_BUDGET, { ...WRONG, nmi: { state: "down" } });
    const guarded = await pod.child.create({
      ...GUARDED_MANAGED_IDENTITY,
      args: [{ guard: { gate: "none" } }],
    });
    expect(await pod.child.getToken(guarded, SCOPE)).toMatchObject({ code: "ERR_GUARD_IDENTITY_MISMATCH" });
    pod.child.hides(...(await issuedTokens(pod.node, RESOURCE)));
    await pod.node.nmi.setState("active");
    const plain = await pod.child.create({ from: "sdk", name: "ManagedIdentityCredential", args: [{}] });
    expect(await pod.child.getToken(plain, SCOPE)).toMatchObject({ oid: pod.node.identity.objectId });
  });
});

describe.concurrent("with nothing pinned", () => {
  test("health that says Active while the rule is gone keeps every caller waiting, without a token request", async () => {
    await using pod = await Pod.start({ ...UNPINNED, ...SHORT_BUDGET }, WRONG);
    await pod.node.nmi.dropRule();
    const id = await pod.child.create(GUARDED_DEFAULT);
    expect(await pod.child.getToken(id, SCOPE)).toMatchObject({
      outcome: "error",
      code: "ERR_GUARD_GATE_CLOSED",
      details: { reason: "route-bypassed", permanent: false },
    });
    expect(tokenRequests(pod.node)).toHaveLength(0);
  });

  test("the right token comes once the rule is back", async () => {
    await using pod = await Pod.start(UNPINNED, WRONG);
    await pod.node.nmi.dropRule();
    const id = await pod.child.create(GUARDED_DEFAULT);
    const waiting = pod.child.getToken(id, SCOPE);
    await pod.node.nextRequest(({ answeredBy }) => answeredBy === "imds");
    await pod.node.nmi.installRule();
    expect(await waiting).toMatchObject({ outcome: "token", oid: pod.node.identity.objectId });
    expect(tokenRequests(pod.node).map(({ answeredBy }) => answeredBy)).toEqual(["nmi"]);
  });

  test("a graceful exit of NMI, which says Active for 10 s more, lets no wrong token through", async () => {
    await using pod = await Pod.start(UNPINNED, WRONG);
    const id = await pod.child.create(GUARDED_DEFAULT);
    expect(await pod.child.getToken(id, SCOPE)).toMatchObject({ oid: pod.node.identity.objectId });
    await pod.node.nmi.exitGracefully();
    const impatient = await pod.child.create(IMPATIENT_DEFAULT);
    expect(await pod.child.getToken(impatient, "https://other.example/.default")).toMatchObject({
      outcome: "error",
    });
  });

  test("a token that IMDS gave although the gate was open both times is refused for its provenance", async () => {
    await using pod = await Pod.start({ ...UNPINNED, ...SHORT_BUDGET }, WRONG);
    // As where something on the way sends the token request, and it alone, past the rule.
    pod.node.faults.always("nmi", [{ kind: "headers", set: { Server: "IMDS/150.870.65.1854" } }], {
      match: isTokenRequest,
    });
    const id = await pod.child.create(GUARDED_DEFAULT);
    expect(await pod.child.getToken(id, SCOPE)).toMatchObject({ code: "ERR_GUARD_BYPASS" });
  });
});

describe.concurrent("a plane that closes while a token is on its way", () => {
  test.each(["dropped", "exiting"] as const)(
    "costs that token, and the next one is taken (%s)",
    async (how) => {
      await using pod = await Pod.start(UNPINNED, WRONG);
      const hold = pod.node.faults.next("nmi", { kind: "hold" }, { match: isTokenRequest });
      const id = await pod.child.create(GUARDED_DEFAULT);
      const asked = pod.node.nextRequest(isToken);
      const call = pod.child.getToken(id, SCOPE);
      await asked;
      if (how === "dropped") await pod.node.nmi.dropRule();
      else await pod.node.nmi.exitGracefully({ graceMs: 60_000 });
      const bypassed = pod.node.nextRequest(({ answeredBy }) => answeredBy === "imds");
      hold.release();
      await bypassed;
      await pod.node.nmi.setState("active");
      expect(await call).toMatchObject({ outcome: "token", oid: pod.node.identity.objectId });
      const attempts = (await pod.child.events(id)).filter(({ type }) => type === "attempt");
      expect(attempts).toMatchObject([
        { outcome: "rejected", reason: "gate-closed", provenance: "nmi" },
        { outcome: "token" },
      ]);
      expect(tokenRequests(pod.node)).toHaveLength(2);
    },
  );
});
