import { describe, expect, test } from "vitest";
import { createIdentity } from "../../src/testing/simulated-identity.js";
import { claimsOf, expectNmiText, manualNode, token } from "./harness.js";

describe("which identity", () => {
  const first = createIdentity({ name: "first" });
  const second = createIdentity({ name: "second" });
  const options = { podIdentities: [first, second] };

  test.each([
    ["nothing", {}, first],
    ["a client ID", { client_id: second.clientId }, second],
    ["an ARM ID", { msi_res_id: second.resourceId }, second],
    ["an ARM ID by its other name", { mi_res_id: second.resourceId }, second],
    ["an object ID, which NMI does not read", { object_id: second.objectId }, first],
  ])("for a request with %s", async (_what, parameters, expected) => {
    const { simulator } = await manualNode(options);
    expect(claimsOf(await token(simulator, parameters))["oid"]).toBe(expected.objectId);
  });

  test.each([
    ["client ID", { client_id: second.clientId.toUpperCase() }],
    ["ARM ID", { msi_res_id: second.resourceId.toUpperCase() }],
  ])("refuses at once a %s that differs only in case", async (_what, parameters) => {
    const { simulator } = await manualNode(options);
    const answer = await token(simulator, parameters);
    expect(answer.status).toBe(404);
    expect(answer.body).toMatch(/^no azure identity found for request clientID /);
  });

  test("redacts the client ID in what it says", async () => {
    const { simulator } = await manualNode(options);
    const wrong = second.clientId.toUpperCase();
    const redacted = `${wrong.slice(0, 4)}##### REDACTED #####${wrong.slice(-4)}`;
    expectNmiText(
      await token(simulator, { client_id: wrong }),
      404,
      `no azure identity found for request clientID ${redacted}`,
    );
  });

  test("ignores identities of other namespaces in namespaced mode", async () => {
    const { simulator } = await manualNode({ podIdentities: [], nmi: { namespaced: true } });
    simulator.mic.assign("app", first, { namespace: "elsewhere" });
    simulator.mic.assign("app", second);
    expect(claimsOf(await token(simulator))["oid"]).toBe(second.objectId);
  });

  test("panics, and recovers, where namespaced mode leaves none", async () => {
    const { simulator } = await manualNode({ podIdentities: [], nmi: { namespaced: true } });
    simulator.mic.assign("app", first, { namespace: "elsewhere" });
    expectNmiText(await token(simulator), 500, "runtime error: index out of range [0] with length 0");
  });
});

describe("pods", () => {
  const pods = [
    { name: "one", addresses: ["127.0.0.2"] },
    { name: "two", addresses: ["127.0.0.3"] },
    { name: "twin", addresses: ["127.0.0.4"] },
    { name: "other-twin", addresses: ["127.0.0.4"] },
  ];

  test("are told apart by source address", async () => {
    const { simulator } = await manualNode({ pods });
    const other = simulator.mic.assign("two", { name: "other" });
    expect(claimsOf(await token(simulator, {}, { from: "127.0.0.2" }))["oid"]).toBe(
      simulator.identity.objectId,
    );
    expect(claimsOf(await token(simulator, {}, { from: "127.0.0.3" }))["oid"]).toBe(other.objectId);
  });

  test("that NMI does not know are refused after five looks, 300 ms apart", async () => {
    const { simulator, clock } = await manualNode({ pods });
    const answer = token(simulator, {}, { from: "127.0.0.9" });
    await simulator.nextRequest();
    await clock.advance(1199);
    expect(simulator.requests.at(-1)?.outcome).toBe("pending");
    await clock.advance(1);
    expectNmiText(await answer, 500, "pod list is empty");
  });

  test("that share an address are refused", async () => {
    const { simulator } = await manualNode({ pods });
    const answer = await token(simulator, {}, { from: "127.0.0.4" });
    expectNmiText(answer, 500, "failed to match pod IP 127.0.0.4 with [twin other-twin]");
  });
});

describe("an excepted pod", () => {
  const pods = [{ name: "app", excepted: true }];

  test("gets what IMDS gives to a request without a client ID", async () => {
    const { simulator } = await manualNode({ pods, systemAssigned: { name: "vm" } });
    const { systemAssigned } = simulator.imds;
    expect(claimsOf(await token(simulator))["oid"]).toBe(systemAssigned?.objectId);
  });

  test("is asked for by its client ID, and never by an ARM ID", async () => {
    const { simulator } = await manualNode({
      pods,
      nodeIdentities: [{ name: "kubelet" }],
      podIdentities: [],
    });
    const [kubelet] = simulator.imds.identities;
    const stranger = createIdentity({ name: "stranger" });
    const byClient = await token(simulator, { client_id: kubelet!.clientId });
    const byArmId = await token(simulator, { msi_res_id: stranger.resourceId });
    expect(claimsOf(byClient)["oid"]).toBe(kubelet!.objectId);
    expect(claimsOf(byArmId)["oid"]).toBe(kubelet!.objectId);
  });

  test("is answered 403 for any failure", async () => {
    const { simulator } = await manualNode({ pods });
    const { status, body } = await token(simulator);
    expect(status).toBe(403);
    expect(body).toMatch(
      /^failed to get service principal token, error: adal: Refresh request failed\. Status Code = '400'/,
    );
  });
});

describe("managed mode", () => {
  const nmi = { mode: "managed" } as const;

  test("answers for a bound identity", async () => {
    const { simulator } = await manualNode({ nmi });
    expect(claimsOf(await token(simulator))["oid"]).toBe(simulator.identity.objectId);
  });

  test("refuses at once where nothing is bound", async () => {
    const { simulator } = await manualNode({ nmi, podIdentities: [] });
    expectNmiText(await token(simulator), 404, "no azure identity found for request clientID ");
  });
});
