import { getEventListeners } from "node:events";
import { describe, expect, test, vi } from "vitest";
import { systemClock } from "../../src/clock.js";
import { httpProbe, type HttpProbe } from "../../src/gate/http-probe.js";
import { probeRoute } from "../../src/gate/route-probe.js";
import { socketProbe } from "../../src/gate/socket-probe.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { serve, serveRaw, unusedPort, until } from "../endpoint/local-server.js";

const never = new AbortController().signal;

describe.each([
  ["httpProbe", httpProbe],
  ["socketProbe", socketProbe],
])("%s", (_name, probe) => {
  test("sends one GET without header fields of its own, on a connection that it closes", async () => {
    const server = await serve((_request, response) =>
      response.setHeader("Connection", "keep-alive").end("Active"),
    );
    await probe(`${server.url}/healthz`, { signal: never });
    await probe(`${server.url}/healthz`, { signal: never });
    expect(server.opened).toBe(2);
    expect(server.requests[0]?.method).toBe("GET");
    expect(server.requests[0]?.url).toBe("/healthz");
    expect(server.requests[0]?.headers).toEqual({ host: `127.0.0.1:${server.port}`, connection: "close" });
    await until(() => server.sockets.size === 0);
  });

  test("sends nothing over TLS for somebody who left while it was loaded", async () => {
    const server = await serveRaw((socket) => socket.destroy());
    const leaving = new AbortController();
    const probing = probe(server.url.replace("http:", "https:"), { signal: leaving.signal });
    const reason = new Error("left");
    leaving.abort(reason);
    await expect(probing).rejects.toBe(reason);
    // One that is awaited, and comes after whatever was sent before.
    await probe(server.url, { signal: never }).catch(() => undefined);
    expect(server.opened).toBe(1);
  });

  test("gives status, Server, Date and body", async () => {
    const date = "Tue, 24 Nov 2026 12:00:00 GMT";
    const server = await serve((_request, response) => {
      response.writeHead(400, { Server: "IMDS/1", Date: date }).end("body");
    });
    expect(await probe(server.url, { signal: never })).toEqual({
      status: 400,
      server: "IMDS/1",
      date,
      body: "body",
    });
  });

  test("gives no Server where there is none", async () => {
    const server = await serve((_request, response) => response.end());
    expect((await probe(server.url, { signal: never })).server).toBeUndefined();
  });

  test("reads 1 KiB of an endless body, and destroys the socket", async () => {
    const server = await serve((_request, response) => response.write("x".repeat(5000)));
    expect((await probe(server.url, { signal: never })).body).toHaveLength(1024);
    await until(() => server.sockets.size === 0);
  });

  test("does not follow redirects", async () => {
    const server = await serve((_request, response) => response.writeHead(302, { Location: "/x" }).end());
    expect((await probe(server.url, { signal: never })).status).toBe(302);
    expect(server.requests).toHaveLength(1);
  });

  test("ignores the proxy of the environment", async () => {
    const server = await serve((_request, response) => response.end("direct"));
    vi.stubEnv("HTTP_PROXY", `http://127.0.0.1:${await unusedPort()}`);
    expect((await probe(server.url, { signal: never })).body).toBe("direct");
  });

  test("rejects with Node's code where nobody listens", async () => {
    const url = `http://127.0.0.1:${await unusedPort()}/`;
    await expect(probe(url, { signal: never })).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  test.each([
    ["breaks off", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nAct"],
    ["is empty", ""],
    ["is no HTTP", "SSH-2.0-x\r\n\r\n"],
    [
      "switches protocols unasked",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n",
    ],
  ])("rejects an answer that %s", async (_name, answer) => {
    const server = await serveRaw((socket) => socket.once("data", () => socket.end(answer)));
    const code = answer.startsWith("SSH") ? "HPE_INVALID_CONSTANT" : "ECONNRESET";
    await expect(probe(server.url, { signal: never })).rejects.toMatchObject({ code });
  });

  test("rejects with the reason of an abort, and destroys the socket", async () => {
    const server = await serve(() => undefined);
    const control = new AbortController();
    const pending = probe(server.url, { signal: control.signal });
    await until(() => server.requests.length === 1);
    control.abort("enough");
    await expect(pending).rejects.toBe("enough");
    await until(() => server.sockets.size === 0);
  });

  test("leaves no listener on the signal", async () => {
    const server = await serve((_request, response) => response.end());
    const { signal } = new AbortController();
    await probe(server.url, { signal });
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("does not keep the process alive", async () => {
    const held = (): number =>
      process.getActiveResourcesInfo().filter((type) => type === "TCPSocketWrap").length;
    const server = await serve((request) => request.socket.unref());
    await until(() => held() === 0); // connections of earlier tests
    const control = new AbortController();
    const pending = probe(server.url, { signal: control.signal });
    await until(() => server.requests.length === 1);
    expect(held()).toBe(0);
    control.abort();
    await expect(pending).rejects.toBeInstanceOf(Error);
  });
});

describe("probeRoute", () => {
  test("asks for the token path with neither Metadata nor query", async () => {
    const server = await serve((_request, response) => response.writeHead(400).end());
    await probeRoute(httpProbe, `${server.url}/`, { clock: systemClock, signal: never });
    expect(server.requests[0]?.url).toBe("/metadata/identity/oauth2/token");
    expect(server.requests[0]?.headers["metadata"]).toBeUndefined();
  });

  test.each<[string, number, string | undefined, string]>([
    ["NMI", 400, undefined, "nmi"],
    ["IMDS", 400, "IMDS/150.870.65.1854", "imds"],
    ["IMDS on any status", 429, "IMDS/150.870.65.1854", "imds"],
    ["the proxy", 400, "azure-workload-identity/proxy/v1.6.0 (linux/amd64) x/y", "proxy"],
    ["a mesh that rewrites Server", 400, "istio-envoy", "unknown"],
    ["somebody without Server who does not refuse", 200, undefined, "unknown"],
    ["somebody without Server who has nothing there", 404, undefined, "unknown"],
    ["somebody without Server who is in trouble", 503, undefined, "unknown"],
    ["somebody with an empty Server", 400, "", "unknown"],
    ["somebody who calls himself like IMDS", 400, "x IMDS/150", "unknown"],
  ])("recognises %s", async (_name, status, server, route) => {
    const probe: HttpProbe = async () => ({ status, server, body: "" });
    const result = await probeRoute(probe, "http://169.254.169.254", {
      clock: new ManualClock(),
      signal: never,
    });
    expect(result.route).toBe(route);
  });

  test("a refused connection is unreachable", async () => {
    const url = `http://127.0.0.1:${await unusedPort()}`;
    expect((await probeRoute(httpProbe, url, { clock: systemClock, signal: never })).route).toBe(
      "unreachable",
    );
  });

  test.each([
    ["HPE_INVALID_CONSTANT", "the token path answered with something that is no HTTP"],
    ["ECONNRESET", "no connection to the token path: ECONNRESET"],
    ["SSL: s3cr3t", "no connection to the token path: unknown error"],
  ])("what fails with %s is unreachable, and says how", async (code, detail) => {
    const probe: HttpProbe = async () => await Promise.reject(Object.assign(new Error("s3cr3t"), { code }));
    const context = { clock: new ManualClock(), signal: never };
    expect(await probeRoute(probe, "http://x", context)).toEqual({ route: "unreachable", detail });
  });

  test("no answer within 1 s is unreachable, and ends the request", async () => {
    const clock = new ManualClock();
    let seen: AbortSignal | undefined;
    const probe: HttpProbe = async (_url, { signal }) => {
      seen = signal;
      return await new Promise(() => undefined);
    };
    const result = probeRoute(probe, "http://169.254.169.254", { clock, signal: never });
    await clock.advance(999);
    expect(seen?.aborted).toBe(false);
    await clock.advance(1);
    expect((await result).route).toBe("unreachable");
    expect(seen?.aborted).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test("an abort rejects with its reason and leaves nothing behind", async () => {
    const clock = new ManualClock();
    const control = new AbortController();
    const probe: HttpProbe = async () => await new Promise(() => undefined);
    const result = probeRoute(probe, "http://169.254.169.254", { clock, signal: control.signal });
    control.abort("enough");
    await expect(result).rejects.toBe("enough");
    expect(clock.pending).toBe(0);
    expect(getEventListeners(control.signal, "abort")).toEqual([]);
  });

  test("quotes nothing of what came", async () => {
    const probe: HttpProbe = async () => ({ status: 200, server: "s3cr3t", body: "s3cr3t" });
    const result = await probeRoute(probe, "http://x", { clock: new ManualClock(), signal: never });
    expect(result.detail).not.toContain("s3cr3t");
  });
});
