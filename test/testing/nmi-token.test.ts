import { describe, expect, test } from "vitest";
import {
  claimsOf,
  expectNmiText,
  http,
  json,
  manualNode,
  METADATA,
  RESOURCE,
  token,
  tokenPath,
} from "./harness.js";
import type { Call } from "./harness.js";

const TOKEN = "/metadata/identity/oauth2/token";

test("answers a token with NMI's fields in NMI's order, all strings, and without a Server header", async () => {
  const { simulator, clock } = await manualNode();
  const answer = await token(simulator);
  expect(answer.status).toBe(200);
  expect(answer.headers["content-type"]).toBe("application/json");
  expect(answer.headers).not.toHaveProperty("server");
  expect(answer.headers["content-length"]).toBe(String(answer.body.length));
  const body = json(answer);
  expect(Object.keys(body)).toEqual([
    "access_token",
    "refresh_token",
    "expires_in",
    "expires_on",
    "not_before",
    "resource",
    "token_type",
  ]);
  expect(body).toMatchObject({
    refresh_token: "",
    expires_in: "86400",
    expires_on: String(clock.now() / 1000 + 86_400),
    resource: RESOURCE,
    token_type: "Bearer",
  });
  expect(answer.body.endsWith("}")).toBe(true);
});

test("answers without the headers that only Node.js adds", async () => {
  const { simulator } = await manualNode();
  const { headers } = await http(simulator.metadataUrl, {
    path: TOKEN,
    headers: { Connection: "keep-alive" },
  });
  expect(Object.keys(headers).sort()).toEqual(["content-length", "content-type", "date"]);
});

test("issues the token of the pod's identity, not of the node's", async () => {
  const { simulator } = await manualNode({ systemAssigned: { name: "vm" } });
  expect(claimsOf(await token(simulator))).toMatchObject({
    oid: simulator.identity.objectId,
    appid: simulator.identity.clientId,
    tid: simulator.identity.tenantId,
    xms_mirid: simulator.identity.resourceId,
    aud: RESOURCE,
  });
});

test("asks IMDS by client ID for each token, and keeps none", async () => {
  const { simulator } = await manualNode();
  await token(simulator);
  await token(simulator);
  expect(simulator.imds.counters).toEqual({ requests: 2, fromNmi: 2, tokens: 2, throttled: 0 });
  expect(simulator.nmi.upstreamCalls).toMatchObject([
    { clientId: simulator.identity.clientId, resource: RESOURCE, attempt: 1, status: 200 },
    { clientId: simulator.identity.clientId, resource: RESOURCE, attempt: 1, status: 200 },
  ]);
});

describe("routing", () => {
  test.each([
    [TOKEN, true],
    [`${TOKEN}/`, true],
    [`${TOKEN}anything`, true],
    ["/MetaData/identity/oauth2/token", true],
    ["/metadata/Identity/oauth2/token", false],
    ["/metadata/identity/OAuth2/token", false],
  ])("%s is a token request: %s", async (path, isToken) => {
    const { simulator } = await manualNode();
    const { headers } = await http(simulator.metadataUrl, {
      path: `${path}?api-version=x`,
      headers: METADATA,
    });
    // Proxied paths carry the Server header of IMDS.
    expect(headers["server"] === undefined).toBe(isToken);
  });

  test.each([
    "/metadata/identity\\oauth2\\token",
    "/metadata/identity%5Coauth2%5Ctoken",
    "/METADATA/identity/x/oauth2/token",
  ])("refuses the malformed token path %s", async (path) => {
    const { simulator } = await manualNode();
    expectNmiText(await http(simulator.metadataUrl, { path, headers: METADATA }), 400, "Invalid request");
  });

  test.each(["POST", "PUT"])("does not mind the method %s", async (method) => {
    const { simulator } = await manualNode();
    expect((await token(simulator, {}, { method })).status).toBe(200);
  });

  test("does not mind a missing api-version", async () => {
    const { simulator } = await manualNode();
    const path = `${TOKEN}?resource=${RESOURCE}`;
    expect((await http(simulator.metadataUrl, { path, headers: METADATA })).status).toBe(200);
  });

  test("passes other paths on to IMDS, and IMDS's headers back", async () => {
    const { simulator } = await manualNode();
    const answer = await http(simulator.metadataUrl, { path: "/metadata/instance", headers: METADATA });
    expect(answer.status).toBe(200);
    expect(answer.headers["server"]).toMatch(/^IMDS\//);
    expect(simulator.requests.at(-1)?.answeredBy).toBe("nmi");
  });

  test("checks the Metadata header of other paths itself", async () => {
    const { simulator } = await manualNode();
    const answer = await http(simulator.metadataUrl, { path: "/metadata/instance" });
    expect({ status: answer.status, server: answer.headers["server"] }).toEqual({
      status: 400,
      server: undefined,
    });
  });

  test("blocks instance metadata where told to", async () => {
    const { simulator } = await manualNode({ nmi: { blockInstanceMetadata: true } });
    const answer = await http(simulator.metadataUrl, {
      path: "/Metadata/instance/compute",
      headers: METADATA,
    });
    expectNmiText(answer, 403, "Request blocked by AAD Pod Identity NMI");
  });
});

describe("the Metadata header", () => {
  test.each([undefined, "True", "1", ""])("%j is refused, as JSON with a newline", async (value) => {
    const { simulator } = await manualNode({ podIdentities: [] });
    const headers = value === undefined ? {} : { Metadata: value };
    const answer = await token(simulator, {}, { headers });
    expect(answer).toMatchObject({
      status: 400,
      body: '{"error":"invalid_request","error_description":"Required metadata header not specified"}\n',
    });
    expect(answer.headers["content-type"]).toBe("application/json; charset=utf-8");
    expect(answer.headers).not.toHaveProperty("server");
  });

  test("is not needed where the flag is off", async () => {
    const { simulator } = await manualNode({ nmi: { metadataHeaderRequired: false } });
    expect((await token(simulator, {}, { headers: {} })).status).toBe(200);
  });
});

test.each(["", "resource="])("refuses a request with the query %j", async (query) => {
  const { simulator } = await manualNode();
  const answer = await http(simulator.metadataUrl, { path: `${TOKEN}?${query}`, headers: METADATA });
  expectNmiText(answer, 400, "parameter resource cannot be empty");
});

describe("the host endpoint", () => {
  const ask = (headers: Record<string, string>): Call => ({
    path: `/host/token?resource=${RESOURCE}`,
    headers,
  });

  test("wraps the token and names the client", async () => {
    const { simulator } = await manualNode();
    const answer = await http(simulator.metadataUrl, ask({ podns: "default", podname: "app" }));
    expect(json(answer)).toMatchObject({
      token: { token_type: "Bearer" },
      clientid: simulator.identity.clientId,
    });
  });

  test("wants to know the pod", async () => {
    const { simulator } = await manualNode();
    const answer = await http(simulator.metadataUrl, ask({ podns: "default" }));
    expectNmiText(answer, 400, "missing 'podname' and 'podns' from request header");
  });

  test("serves the node alone", async () => {
    const { simulator } = await manualNode();
    const answer = await http(simulator.metadataUrl, { ...ask({}), from: "127.0.0.2" });
    expectNmiText(answer, 500, "request remote address is not from a host");
  });
});

test("takes the path that the Azure SDK sends, with a slash before the query", async () => {
  const { simulator } = await manualNode();
  const answer = await http(simulator.metadataUrl, { path: tokenPath({}, "/"), headers: METADATA });
  expect(answer.status).toBe(200);
});
