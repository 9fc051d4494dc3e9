import { useInstrumenter, type Instrumenter } from "@azure/core-tracing";
import { AzureLogger, getLogLevel, setLogLevel } from "@azure/logger";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createHttpClient } from "../../src/endpoint/http-client.js";
import { createIdentityEndpoint, type ManagedIdentityId } from "../../src/endpoint/identity-endpoint.js";
import { AttemptFailure, type FailureEvidence } from "../../src/retry/attempt-failure.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { serve, serveRaw, unusedPort, until, type LocalServer } from "./local-server.js";

const NOW = Date.UTC(2026, 0, 1);
const TOKEN = `eyJhbGciOiJub25lIn0.${"eyJvaWQiOiJ4In0".repeat(4)}.c2lnbmF0dXJl`;
const EXPIRES = Math.trunc(NOW / 1000) + 3600;
const clock = new ManualClock({ now: NOW });
const send = await createHttpClient();

function endpoint(metadataUrl: string, identity: ManagedIdentityId = { kind: "default" }) {
  return createIdentityEndpoint({ metadataUrl, identity }, { clock, send });
}

async function answering(
  status: number,
  body: string,
  headers: Record<string, string> = {},
): Promise<LocalServer> {
  return await serve((_request, response) => response.writeHead(status, headers).end(body));
}

async function ask(metadataUrl: string, signal: AbortSignal = new AbortController().signal) {
  return await endpoint(metadataUrl).requestToken("https://vault.azure.net", { signal });
}

async function evidenceOf(pending: Promise<unknown>): Promise<FailureEvidence> {
  const error: unknown = await pending.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof AttemptFailure)) throw new Error("no AttemptFailure", { cause: error });
  return error.evidence;
}

const nmiBody = JSON.stringify({
  access_token: TOKEN,
  refresh_token: "",
  expires_in: "3600",
  expires_on: String(EXPIRES),
  not_before: "0",
  resource: "https://vault.azure.net",
  token_type: "Bearer",
});

describe("the request", () => {
  test("is the one that IMDS documents", async () => {
    const server = await answering(200, nmiBody);
    await ask(server.url);
    const [request] = server.requests;
    expect(request?.method).toBe("GET");
    expect(request?.url).toBe(
      "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net",
    );
    expect(request?.headers).toMatchObject({ metadata: "true", connection: "close" });
    expect(request?.headers["user-agent"]).toMatch(/^azure-identity-guard /);
    expect(request?.headers["x-ms-client-request-id"]).toBeDefined();
  });

  test.each<[ManagedIdentityId, string]>([
    [{ kind: "clientId", value: "a b" }, "&client_id=a+b"],
    [{ kind: "resourceId", value: "/subscriptions/1" }, "&msi_res_id=%2Fsubscriptions%2F1"],
    [{ kind: "objectId", value: "x" }, "&object_id=x"],
  ])("names the identity: %j", async (identity, expected) => {
    const server = await answering(200, nmiBody);
    await endpoint(server.url, identity).requestToken("r", { signal: new AbortController().signal });
    expect(server.requests[0]?.url).toContain(`&resource=r${expected}`);
  });

  test("takes a metadata URL with a slash at its end", async () => {
    const server = await answering(200, nmiBody);
    await ask(`${server.url}/`);
    expect(server.requests[0]?.url).toMatch(/^\/metadata\/identity\/oauth2\/token\?/);
  });

  test("goes out once, whatever comes back", async () => {
    const server = await answering(503, "no", { "Retry-After": "0" });
    await evidenceOf(ask(server.url));
    expect(server.requests).toHaveLength(1);
  });
});

describe("a token", () => {
  test("of NMI", async () => {
    const server = await answering(200, nmiBody, { "Content-Type": "application/json" });
    expect(await ask(server.url)).toEqual({
      token: TOKEN,
      expiresOnTimestamp: EXPIRES * 1000,
      tokenType: "Bearer",
      provenance: "nmi",
      status: 200,
    });
  });

  test("of IMDS is known by its header", async () => {
    const server = await answering(200, nmiBody, { Server: "IMDS/150.870.65.1854" });
    expect((await ask(server.url)).provenance).toBe("imds");
  });

  test("of IMDS is known by its body where a mesh removed the header", async () => {
    const body = JSON.stringify({ access_token: TOKEN, expires_in: "3600", client_id: "x" });
    const server = await answering(200, body);
    expect((await ask(server.url)).provenance).toBe("imds");
  });

  test("of a service principal with auxiliary tenants is the first of the array", async () => {
    const server = await answering(200, `[${nmiBody},{"access_token":"other","expires_in":"60"}]`);
    expect((await ask(server.url)).token).toBe(TOKEN);
  });
});

describe("an answer without a usable token", () => {
  test("has status, text and who answered", async () => {
    const server = await answering(404, "no azure identity found for request clientID\n");
    expect(await evidenceOf(ask(server.url))).toEqual({
      kind: "answer",
      status: 404,
      provenance: "nmi",
      text: "no azure identity found for request clientID",
    });
  });

  test("has the fields of a JSON error, and Retry-After", async () => {
    const body = JSON.stringify({ error: "invalid_request", error_description: "Identity not found" });
    const server = await answering(429, body, { Server: "IMDS/1", "Retry-After": "7" });
    expect(await evidenceOf(ask(server.url))).toMatchObject({
      status: 429,
      provenance: "imds",
      error: "invalid_request",
      errorDescription: "Identity not found",
      retryAfterMs: 7000,
    });
  });

  test.each<[string, string, string]>([
    ["no JSON", "<html>", "not-json"],
    ["empty", "", "not-json"],
    ["without a token", `{"expires_in":"60"}`, "no-token"],
    ["too large", "x".repeat(70_000), "too-large"],
  ])("a 200 that is %s", async (_name, body, defect) => {
    const server = await answering(200, body);
    expect(await evidenceOf(ask(server.url))).toMatchObject({
      kind: "answer",
      status: 200,
      text: "",
      defect,
    });
  });

  test("a 200 that breaks off", async () => {
    const server = await serveRaw((socket) => {
      socket.once("data", () =>
        socket.end("HTTP/1.1 200 OK\r\nServer: IMDS/1\r\nContent-Length: 100\r\n\r\n{"),
      );
    });
    expect(await evidenceOf(ask(server.url))).toMatchObject({ provenance: "imds", defect: "truncated" });
  });

  test("an error with an endless text keeps its status", async () => {
    const server = await answering(404, "x".repeat(70_000));
    const evidence = await evidenceOf(ask(server.url));
    expect(evidence).toMatchObject({ kind: "answer", status: 404, text: "" });
    expect(evidence).not.toHaveProperty("defect");
  });

  test("a failed connection has Node's code", async () => {
    expect(await evidenceOf(ask(`http://127.0.0.1:${await unusedPort()}`))).toEqual({
      kind: "transport",
      code: "ECONNREFUSED",
    });
  });
});

describe("abort", () => {
  test("rejects with the reason as it was given", async () => {
    const server = await serve(() => undefined);
    const control = new AbortController();
    const reason = { not: "an error" };
    const pending = ask(server.url, control.signal);
    await until(() => server.requests.length === 1);
    control.abort(reason);
    await expect(pending).rejects.toBe(reason);
    await until(() => server.sockets.size === 0);
  });

  test("beforehand sends nothing", async () => {
    const server = await answering(200, nmiBody);
    await expect(ask(server.url, AbortSignal.abort("no"))).rejects.toBe("no");
    expect(server.opened).toBe(0);
  });
});

describe("secrecy", () => {
  const before = getLogLevel();
  const log = AzureLogger.log;

  afterEach(() => {
    setLogLevel(before);
    AzureLogger.log = log;
  });

  test("no body and no token is logged at any level, but the request is", async () => {
    const lines: string[] = [];
    AzureLogger.log = (...parts) => lines.push(parts.map(String).join(" "));
    setLogLevel("verbose");
    const good = await answering(200, nmiBody, { "X-Echo": TOKEN });
    await ask(good.url);
    const bad = await answering(403, `Response body: ${nmiBody}`);
    await evidenceOf(ask(bad.url));
    const garbled = await answering(200, nmiBody.slice(0, -20));
    await evidenceOf(ask(garbled.url));
    const all = lines.join("\n");
    expect(all).toContain("azure:identity-guard:info");
    expect(all).toContain("/metadata/identity/oauth2/token");
    expect(all).not.toContain(TOKEN);
    expect(all).not.toContain(TOKEN.slice(0, 40));
    expect(all).not.toContain("access_token");
  });

  test.each([
    [
      "a token in the text of a 403",
      403,
      `adal: Refresh request failed. Status Code = '400'. Response body: ${nmiBody}`,
    ],
    ["a token in a JSON error", 400, JSON.stringify({ error: TOKEN, error_description: `x ${TOKEN}` })],
    ["half a token in a 200", 200, nmiBody.slice(0, -20)],
    ["a token in a 200 that is text", 200, TOKEN],
  ])("%s is in no error", async (_name, status, body) => {
    const server = await answering(status, body);
    const error: unknown = await ask(server.url).catch((reason: unknown) => reason);
    if (!(error instanceof AttemptFailure)) throw new Error("no AttemptFailure");
    const shown = [error.message, error.stack, JSON.stringify(error.evidence), String(error.cause)].join(
      "\n",
    );
    expect(shown).not.toContain(TOKEN.slice(20, 60));
  });
});

test("a request is a span of the caller's trace, which travels along", async () => {
  const tracingContext = {
    setValue: () => tracingContext,
    getValue: () => undefined,
    deleteValue: () => tracingContext,
  };
  const end = vi.fn();
  const startSpan = vi.fn<Instrumenter["startSpan"]>(() => ({
    tracingContext,
    span: {
      end,
      isRecording: () => true,
      setAttribute: () => undefined,
      setStatus: () => undefined,
      recordException: () => undefined,
    },
  }));
  useInstrumenter({
    startSpan,
    withContext: (_context, callback, ...args) => callback(...args),
    parseTraceparentHeader: () => undefined,
    createRequestHeaders: () => ({ traceparent: "00-1-2-01" }),
  });
  const server = await answering(200, nmiBody);
  const { signal } = new AbortController();
  await endpoint(server.url).requestToken("r", { signal, tracingOptions: { tracingContext } });
  expect(startSpan.mock.calls[0]?.[1]).toMatchObject({ tracingContext });
  expect(end).toHaveBeenCalledTimes(1);
  expect(server.requests[0]?.headers["traceparent"]).toBe("00-1-2-01");
});
