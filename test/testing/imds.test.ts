import { describe, expect, test } from "vitest";
import { createIdentity } from "../../src/testing/simulated-identity.js";
import { claimsOf, http, json, manualNode, METADATA, RESOURCE, token, tokenPath } from "./harness.js";
import type { Answer } from "./harness.js";

const down = { nmi: { state: "down" } } as const;
const bare = { ...down, podIdentities: [], nodeIdentities: [] };
const one = createIdentity({ name: "one" });
const two = createIdentity({ name: "two" });
const vm = createIdentity({ name: "vm" });

function expectError(answer: Answer, status: number, error: string, description: string): void {
  expect(answer.status).toBe(status);
  expect(json(answer)).toEqual({ error, error_description: description });
  expect(answer.headers).toMatchObject({
    server: "IMDS/150.870.65.1854",
    "content-type": "application/json; charset=utf-8",
  });
}

test("answers a token with the fields of IMDS, all strings", async () => {
  const { simulator, clock } = await manualNode({ ...bare, nodeIdentities: [one] });
  const answer = await token(simulator);
  expect(answer.headers).toMatchObject({
    server: "IMDS/150.870.65.1854",
    "content-type": "application/json; charset=utf-8",
    "content-length": String(answer.body.length),
  });
  const body = json(answer);
  expect(body).toEqual({
    access_token: body["access_token"],
    client_id: one.clientId,
    expires_in: "86400",
    expires_on: String(clock.now() / 1000 + 86_400),
    ext_expires_in: "86399",
    not_before: String(clock.now() / 1000 - 300),
    resource: RESOURCE,
    token_type: "Bearer",
  });
  expect(claimsOf(answer)).toMatchObject({ oid: one.objectId, exp: Number(body["expires_on"]) });
});

describe("without an identity in the request", () => {
  test.each([
    { attached: [], system: undefined, gets: "Identity not found" },
    { attached: [one], system: undefined, gets: one.objectId },
    {
      attached: [one, two],
      system: undefined,
      gets: /^Multiple user assigned identities exist, please specify/,
    },
    { attached: [], system: vm, gets: vm.objectId },
    { attached: [one], system: vm, gets: vm.objectId },
    { attached: [one, two], system: vm, gets: vm.objectId },
  ])(
    "$attached.length user-assigned, system-assigned $system.name: $gets",
    async ({ attached, system, gets }) => {
      const { simulator } = await manualNode({ ...bare, nodeIdentities: attached, systemAssigned: system });
      const answer = await token(simulator);
      const got = answer.status === 200 ? claimsOf(answer)["oid"] : json(answer)["error_description"];
      expect(got).toEqual(gets instanceof RegExp ? expect.stringMatching(gets) : gets);
    },
  );
});

describe("with an identity in the request", () => {
  test.each([
    ["client_id", { client_id: two.clientId }],
    ["client_id in upper case", { client_id: two.clientId.toUpperCase() }],
    ["object_id", { object_id: two.objectId }],
    ["msi_res_id", { msi_res_id: two.resourceId }],
    ["msi_res_id in another case", { msi_res_id: two.resourceId.toUpperCase() }],
  ])("finds it by %s", async (_what, parameters) => {
    const { simulator } = await manualNode({ ...bare, nodeIdentities: [one, two] });
    expect(claimsOf(await token(simulator, parameters))["oid"]).toBe(two.objectId);
  });

  test("finds the system-assigned one too", async () => {
    const { simulator } = await manualNode({ ...bare, nodeIdentities: [one], systemAssigned: vm });
    expect(claimsOf(await token(simulator, { client_id: vm.clientId }))["oid"]).toBe(vm.objectId);
  });

  test("refuses one that is not attached", async () => {
    const { simulator } = await manualNode({ ...bare, nodeIdentities: [one] });
    expectError(
      await token(simulator, { client_id: two.clientId }),
      400,
      "invalid_request",
      "Identity not found",
    );
  });

  test("refuses one until it knows of the attachment", async () => {
    const { simulator, clock } = await manualNode(bare);
    simulator.imds.attach(one, { afterMs: 10_000 });
    expect((await token(simulator)).status).toBe(400);
    await clock.advance(10_000);
    expect((await token(simulator)).status).toBe(200);
  });

  test("refuses two names at once", async () => {
    const { simulator } = await manualNode({ ...bare, nodeIdentities: [one] });
    const answer = await token(simulator, { client_id: one.clientId, object_id: one.objectId });
    expect(answer.status).toBe(400);
  });
});

describe("the request", () => {
  test("needs the Metadata header", async () => {
    const { simulator } = await manualNode(down);
    const answer = await token(simulator, {}, { headers: {} });
    expectError(answer, 400, "invalid_request", "Required metadata header not specified");
  });

  test.each(["resource", "api-version"])("needs %s", async (name) => {
    const { simulator } = await manualNode(down);
    const answer = await token(simulator, { [name]: "" });
    expectError(answer, 400, "invalid_request", `Required query variable '${name}' is missing`);
  });

  test("may have a slash before the query", async () => {
    const { simulator } = await manualNode({ ...bare, nodeIdentities: [one] });
    const answer = await http(simulator.metadataUrl, { path: tokenPath({}, "/"), headers: METADATA });
    expect(answer.status).toBe(200);
  });

  test("may go to the instance document, with the header", async () => {
    const { simulator } = await manualNode(down);
    const path = "/metadata/instance?api-version=2021-02-01";
    expect((await http(simulator.metadataUrl, { path })).status).toBe(400);
    expect((await http(simulator.metadataUrl, { path, headers: METADATA })).status).toBe(200);
  });

  test("is refused at other paths", async () => {
    const { simulator } = await manualNode(down);
    expect((await http(simulator.metadataUrl, { path: "/metadata/x", headers: METADATA })).status).toBe(404);
  });
});

describe("tokens", () => {
  const node = { ...bare, nodeIdentities: [one] };

  test("stay the same until they expire", async () => {
    const { simulator, clock } = await manualNode(node);
    const first = json(await token(simulator));
    await clock.advance(86_399_000);
    const second = json(await token(simulator));
    expect(second["access_token"]).toBe(first["access_token"]);
    expect(second["expires_in"]).toBe("1");
    await clock.advance(1000);
    const third = json(await token(simulator));
    expect(third["access_token"]).not.toBe(first["access_token"]);
    expect(third["expires_in"]).toBe("86400");
  });

  test("are the same for NMI and for whoever comes directly", async () => {
    const { simulator } = await manualNode({ nodeIdentities: [] });
    const byNmi = json(await token(simulator));
    await simulator.nmi.dropRule();
    expect(json(await token(simulator))["access_token"]).toBe(byNmi["access_token"]);
  });

  test("are the same for requests that arrive together", async () => {
    const { simulator } = await manualNode(node);
    const answers = await Promise.all([token(simulator), token(simulator), token(simulator)]);
    expect(new Set(answers.map((answer) => json(answer)["access_token"])).size).toBe(1);
  });

  test("differ by resource", async () => {
    const { simulator } = await manualNode(node);
    const first = json(await token(simulator));
    const second = json(await token(simulator, { resource: "https://other" }));
    expect(second["access_token"]).not.toBe(first["access_token"]);
  });

  test("outlive the identity that was attached in place of their own", async () => {
    const { simulator } = await manualNode(node);
    await token(simulator);
    simulator.imds.attach({ ...one, objectId: two.objectId });
    expect(claimsOf(await token(simulator))["oid"]).toBe(one.objectId);
    simulator.imds.clearTokenCache();
    expect(claimsOf(await token(simulator))["oid"]).toBe(two.objectId);
  });

  test("name a stale principal for as long as it is set", async () => {
    const { simulator } = await manualNode(node);
    simulator.imds.setStalePrincipal(one, two.objectId);
    expect(claimsOf(await token(simulator))["oid"]).toBe(two.objectId);
    simulator.imds.setStalePrincipal(one, undefined);
    expect(claimsOf(await token(simulator))["oid"]).toBe(one.objectId);
  });

  test.each([
    ["opaque", { format: "opaque" }, /^[\w-]+$/],
    ["unsigned", { format: "unsigned" }, /^[\w-]+\.[\w-]+\.$/],
    ["signed", {}, /^[\w-]+\.[\w-]+\.[\w-]+$/],
  ] as const)("can be %s", async (_what, tokens, shape) => {
    const { simulator } = await manualNode({ ...node, imds: { tokens } });
    expect(json(await token(simulator))["access_token"]).toMatch(shape);
  });

  test("can be short-lived, and of version 2.0", async () => {
    const { simulator } = await manualNode(node);
    simulator.imds.setTokens({ lifetimeMs: 20_000, version: "2.0" });
    const answer = await token(simulator);
    expect(json(answer)["expires_in"]).toBe("20");
    expect(claimsOf(answer)).toMatchObject({ ver: "2.0", azp: one.clientId });
  });
});

describe("while it is updated", () => {
  test.each([404, 410] as const)("answers %i until the end", async (status) => {
    const { simulator, clock } = await manualNode({ ...bare, nodeIdentities: [one] });
    simulator.imds.setUpdating(status, { forMs: 70_000 });
    expect((await token(simulator)).status).toBe(status);
    await clock.advance(69_999);
    expect((await token(simulator)).status).toBe(status);
    await clock.advance(1);
    expect((await token(simulator)).status).toBe(200);
  });

  test("answers again when told that it is over", async () => {
    const { simulator } = await manualNode({ ...bare, nodeIdentities: [one] });
    simulator.imds.setUpdating(410);
    simulator.imds.setUpdating(undefined);
    expect((await token(simulator)).status).toBe(200);
  });
});
