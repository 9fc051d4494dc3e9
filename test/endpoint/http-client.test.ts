import { createHttpHeaders, createPipelineRequest } from "@azure/core-rest-pipeline";
import { describe, expect, test, vi } from "vitest";
import {
  BODY_TOO_LARGE,
  BODY_TRUNCATED,
  createHttpClient,
  MAX_BODY_BYTES,
} from "../../src/endpoint/http-client.js";
import { serve, serveRaw, unusedPort, until } from "./local-server.js";

const client = await createHttpClient();

function get(url: string, more: Partial<Parameters<typeof createPipelineRequest>[0]> = {}) {
  return client.sendRequest(createPipelineRequest({ url, allowInsecureConnection: true, ...more }));
}

test("status, header fields and text reach the caller", async () => {
  const server = await serve((_request, response) => {
    response.writeHead(404, { Server: "IMDS/1", "X-Two": ["a", "b"] }).end("not here ü\n");
  });
  const response = await get(`${server.url}/a?b=c%20d`);
  expect(response.status).toBe(404);
  expect(response.headers.get("server")).toBe("IMDS/1");
  expect(response.headers.get("x-two")).toBe("a, b");
  expect(response.bodyAsText).toBe("not here ü\n");
  expect(server.requests[0]?.url).toBe("/a?b=c%20d");
});

test("every request has a connection of its own, which is closed afterwards", async () => {
  const server = await serve((_request, response) =>
    response.setHeader("Connection", "keep-alive").end("ok"),
  );
  await get(server.url);
  await get(server.url);
  expect(server.opened).toBe(2);
  expect(server.requests.map(({ headers }) => headers.connection)).toEqual(["close", "close"]);
  await until(() => server.sockets.size === 0);
});

test("header fields are sent, but no offer to decompress", async () => {
  const server = await serve((_request, response) => response.end());
  const headers = createHttpHeaders({
    Metadata: "true",
    "Accept-Encoding": "gzip,deflate",
    Connection: "keep-alive",
  });
  await get(server.url, { headers });
  expect(server.requests[0]?.headers).toMatchObject({ metadata: "true", connection: "close" });
  expect(server.requests[0]?.headers["accept-encoding"]).toBeUndefined();
});

test("a request that waits for its answer does not keep the process alive", async () => {
  // Only resources that hold the event loop are listed; the server's end is let go by hand.
  const held = (): number =>
    process.getActiveResourcesInfo().filter((type) => type === "TCPSocketWrap").length;
  const server = await serve((request) => request.socket.unref());
  await until(() => held() === 0); // connections of earlier tests
  const control = new AbortController();
  const pending = get(server.url, { abortSignal: control.signal });
  await until(() => server.requests.length === 1);
  expect(held()).toBe(0);
  control.abort();
  await expect(pending).rejects.toBeInstanceOf(Error);
});

test("a text body is sent", async () => {
  let received = "";
  const server = await serve((request, response) => {
    request.on("data", (chunk: Buffer) => (received += chunk.toString()));
    request.on("end", () => response.end());
  });
  await get(server.url, { method: "POST", body: "grant_type=x" });
  expect(received).toBe("grant_type=x");
});

test("proxies are ignored, by request and by environment", async () => {
  const proxy = await serve((_request, response) => response.end("proxied"));
  const server = await serve((_request, response) => response.end("direct"));
  vi.stubEnv("HTTP_PROXY", proxy.url);
  vi.stubEnv("http_proxy", proxy.url);
  const response = await get(server.url, { proxySettings: { host: "http://127.0.0.1", port: proxy.port } });
  expect(response.bodyAsText).toBe("direct");
  expect(proxy.opened).toBe(0);
});

test("redirects are answers", async () => {
  const server = await serve((_request, response) =>
    response.writeHead(302, { Location: "/elsewhere" }).end(),
  );
  expect((await get(server.url)).status).toBe(302);
  expect(server.requests).toHaveLength(1);
});

describe("bodies", () => {
  test("exactly 64 KiB are read", async () => {
    const server = await serve((_request, response) => response.end("x".repeat(MAX_BODY_BYTES)));
    expect((await get(server.url)).bodyAsText).toHaveLength(MAX_BODY_BYTES);
  });

  test("one byte more is refused, with the status", async () => {
    const server = await serve((_request, response) =>
      response.writeHead(200).end("x".repeat(MAX_BODY_BYTES + 1)),
    );
    await expect(get(server.url)).rejects.toMatchObject({ code: BODY_TOO_LARGE, statusCode: 200 });
  });

  test("an endless body is cut off, and its socket destroyed", async () => {
    let sent = 0;
    const chunk = Buffer.alloc(64 * 1024, "x");
    const server = await serve((_request, response) => {
      const more = (): void => {
        if (response.destroyed) return;
        sent += chunk.length;
        if (response.write(chunk)) setImmediate(more);
        else response.once("drain", more);
      };
      more();
    });
    const before = process.memoryUsage().rss;
    await expect(get(server.url)).rejects.toMatchObject({ code: BODY_TOO_LARGE });
    await until(() => server.sockets.size === 0);
    // What both ends had in their buffers when it was cut, and nowhere near the 2 GiB below.
    expect(sent).toBeLessThan(32 * 1024 * 1024);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
  });

  test("an announced 2 GB body is not read", async () => {
    const server = await serveRaw((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${2 * 1024 ** 3}\r\n\r\n`);
      const chunk = Buffer.alloc(1024 * 1024);
      const more = (): void => {
        if (!socket.destroyed) socket.write(chunk, more);
      };
      more();
    });
    await expect(get(server.url)).rejects.toMatchObject({ code: BODY_TOO_LARGE, statusCode: 200 });
    await until(() => server.sockets.size === 0);
  });

  test("one that breaks off is told apart from one that never came", async () => {
    const server = await serveRaw((socket) => {
      socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"));
    });
    await expect(get(server.url)).rejects.toMatchObject({ code: BODY_TRUNCATED, statusCode: 200 });
  });

  test("a chunked one that breaks off is refused", async () => {
    const server = await serveRaw((socket) => {
      socket.once("data", () =>
        socket.end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"),
      );
    });
    await expect(get(server.url)).rejects.toMatchObject({ code: BODY_TRUNCATED, statusCode: 200 });
  });
});

describe("failures", () => {
  test("nobody listens", async () => {
    await expect(get(`http://127.0.0.1:${await unusedPort()}/`)).rejects.toMatchObject({
      name: "RestError",
      code: "ECONNREFUSED",
    });
  });

  test("the connection ends without an answer", async () => {
    const server = await serveRaw((socket) => socket.once("data", () => socket.end()));
    await expect(get(server.url)).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  test("the connection is reset", async () => {
    const server = await serveRaw((socket) => socket.once("data", () => socket.resetAndDestroy()));
    await expect(get(server.url)).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  test("the answer is no HTTP", async () => {
    const server = await serveRaw((socket) => socket.once("data", () => socket.end("SSH-2.0-x\r\n")));
    await expect(get(server.url)).rejects.toMatchObject({ name: "RestError" });
  });
});

describe("abort", () => {
  test("before the request: nothing is sent", async () => {
    const server = await serve((_request, response) => response.end());
    await expect(get(server.url, { abortSignal: AbortSignal.abort() })).rejects.toMatchObject({
      name: "AbortError",
    });
    expect(server.opened).toBe(0);
  });

  test("before the answer: the socket is destroyed", async () => {
    const server = await serve(() => undefined);
    const control = new AbortController();
    const pending = get(server.url, { abortSignal: control.signal });
    await until(() => server.requests.length === 1);
    control.abort();
    await expect(pending).rejects.toMatchObject({ name: "AbortError" });
    await until(() => server.sockets.size === 0);
  });

  test("within the body: the socket is destroyed", async () => {
    const server = await serve((_request, response) => response.write("{"));
    const control = new AbortController();
    const pending = get(server.url, { abortSignal: control.signal });
    await until(() => server.requests.length === 1);
    await new Promise((resolve) => setImmediate(resolve));
    control.abort();
    await expect(pending).rejects.toMatchObject({ name: "AbortError" });
    await until(() => server.sockets.size === 0);
  });

  test("while connecting: the socket is destroyed", async () => {
    // A TLS handshake that nobody answers stands for any connection that is still being made.
    const server = await serveRaw((socket) => socket.resume());
    const control = new AbortController();
    const pending = get(`https://127.0.0.1:${server.port}/`, { abortSignal: control.signal });
    await until(() => server.sockets.size === 1);
    control.abort();
    await expect(pending).rejects.toMatchObject({ name: "AbortError" });
    await until(() => server.sockets.size === 0);
  });

  test("its listener is removed when the request ends", async () => {
    const server = await serve((_request, response) => response.end("ok"));
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, "addEventListener");
    const removed = vi.spyOn(signal, "removeEventListener");
    await get(server.url, { abortSignal: signal });
    expect(added).toHaveBeenCalledTimes(1);
    expect(removed.mock.calls).toEqual(added.mock.calls);
  });
});
