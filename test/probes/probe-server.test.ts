import { createServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { isGuardError } from "../../src/errors.js";
import { startServer, type ProbeServer } from "../../src/probes/probe-server.js";
import { resolveServerOptions, type ProbeServerOptions } from "../../src/probes/probe-server-options.js";
import type { EndSignal, ProcessEvents } from "../../src/process-events.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { START, Told } from "./endpoint.js";

/** A process whose signals the test sends. */
class Events implements ProcessEvents {
  readonly pid = 1;
  readonly listeners = new Map<EndSignal, (() => void)[]>();
  readonly endedBy: EndSignal[] = [];

  onExit(): () => void {
    return () => undefined;
  }
  onSignal(signal: EndSignal, listener: () => void): () => void {
    this.listeners.set(signal, [...(this.listeners.get(signal) ?? []), listener]);
    return () => {
      const left = (this.listeners.get(signal) ?? []).filter((each) => each !== listener);
      this.listeners.set(signal, left);
    };
  }
  listenerCount(signal: EndSignal): number {
    return this.listeners.get(signal)?.length ?? 0;
  }
  endBy(signal: EndSignal): void {
    this.endedBy.push(signal);
  }
  isAlive(): boolean {
    return true;
  }
  send(signal: EndSignal): void {
    for (const listener of this.listeners.get(signal) ?? []) listener();
  }
}

const open: ProbeServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(async (server) => await server.close()));
});

async function started(
  options: ProbeServerOptions = {},
  ports = { clock: new ManualClock({ now: START }), events: new Events() },
): Promise<ProbeServer> {
  const server = await startServer({ port: 0, host: "127.0.0.1", ...options }, ports);
  open.push(server);
  return server;
}

const status = async (server: ProbeServer, path: string): Promise<number> =>
  (await fetch(server.url + path)).status;

describe("the probe server", () => {
  it("serves probes of its target over HTTP, with GET and HEAD", async () => {
    const told = new Told().open();
    const server = await started({ target: told.health });
    const answer = await fetch(`${server.url}/readyz`);
    expect([answer.status, await answer.text()]).toEqual([200, "ok"]);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "cache-control": "no-store",
      "content-length": "2",
      "content-type": "text/plain; charset=utf-8",
    });
    told.closed();
    const head = await fetch(`${server.url}/readyz`, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([503, ""]);
    expect(head.headers.get("content-length")).not.toBe("0");
  });

  it("says where the probes are at any other path, and has no page unless asked", async () => {
    const server = await started({ target: new Told().health });
    const answer = await fetch(`${server.url}/`);
    expect([answer.status, await answer.text()]).toEqual([404, expect.stringContaining("/readyz")]);
    expect(await status(await started({ target: new Told().health, page: true }), "/")).toBe(200);
  });

  it("serves on all interfaces by default, where the kubelet asks", async () => {
    const server = await started({ host: undefined, target: new Told().open().health });
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    expect(await status(server, "/livez")).toBe(200);
    expect((await fetch(`http://[::1]:${server.port}/livez`)).status).toBe(200);
  });

  it("rejects with the system's error where the port is taken", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { port: number };
    await expect(started({ port })).rejects.toMatchObject({ code: "EADDRINUSE" });
    other.close();
  });

  it("ends what is open when it is closed, twice if need be", async () => {
    const server = await started({
      target: new Told().open().health,
      checks: [{ name: "stuck", check: async () => await new Promise(() => undefined) }],
    });
    const hanging = fetch(`${server.url}/readyz`).then(
      () => "answered",
      () => "ended",
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    await Promise.all([server.close(), server.close()]);
    expect(await hanging).toBe("ended");
    await expect(fetch(`${server.url}/livez`)).rejects.toThrow();
  });

  it("leaves signals alone unless asked", async () => {
    const events = new Events();
    await started({ target: new Told().health }, { clock: new ManualClock(), events });
    expect([...events.listeners]).toEqual([]);
  });
});

describe("a signal to end", () => {
  const serving = async (drainOn: ProbeServerOptions["drainOn"] = {}) => {
    const clock = new ManualClock({ now: START });
    const events = new Events();
    const told = new Told({ clock }).open();
    const server = await started({ target: told.health, drainOn }, { clock, events });
    return { clock, events, server };
  };

  it("drains at once, and ends the process after the delay", async () => {
    const { clock, events, server } = await serving();
    expect(await status(server, "/readyz")).toBe(200);
    events.send("SIGTERM");
    expect([await status(server, "/readyz"), await status(server, "/livez")]).toEqual([503, 200]);
    await clock.advance(4_999);
    expect(events.endedBy).toEqual([]);
    await clock.advance(1);
    expect([events.endedBy, events.listenerCount("SIGTERM")]).toEqual([["SIGTERM"], 0]);
  });

  it("is left alone once it came: who sends it twice does not want to wait", async () => {
    const { events } = await serving();
    events.send("SIGTERM");
    expect(events.listenerCount("SIGTERM")).toBe(0);
  });

  it("leaves the end to the application where that listens, too", async () => {
    const { clock, events } = await serving();
    events.onSignal("SIGTERM", () => undefined);
    events.send("SIGTERM");
    await clock.advance(60_000);
    expect([events.endedBy, events.listenerCount("SIGTERM")]).toEqual([[], 1]);
  });

  it("is any of those named, after the delay that was given", async () => {
    const { clock, events } = await serving({ signals: ["SIGINT"], delayMs: 0 });
    expect(events.listenerCount("SIGTERM")).toBe(0);
    events.send("SIGINT");
    await clock.advance(0);
    expect(events.endedBy).toEqual(["SIGINT"]);
  });

  it("finds nobody once the server was closed", async () => {
    const { clock, events, server } = await serving();
    events.send("SIGTERM");
    await server.close();
    expect([events.listenerCount("SIGTERM"), clock.pending]).toEqual([0, 0]);
  });
});

describe("its options", () => {
  const variables = {
    AZURE_IDENTITY_GUARD_HEALTH_PORT: "8086",
    AZURE_IDENTITY_GUARD_HEALTH_HOST: "::1",
    AZURE_IDENTITY_GUARD_HEALTH_PAGE: "true",
  };

  it("come from the environment where they are not given", () => {
    expect(resolveServerOptions({}, variables)).toMatchObject({ port: 8086, host: "::1", page: true });
    expect(resolveServerOptions({ port: 1, host: "0.0.0.0", page: false }, variables)).toMatchObject({
      port: 1,
      host: "0.0.0.0",
      page: false,
    });
  });

  it.each<[string, ProbeServerOptions, Record<string, string>]>([
    ["port", {}, {}],
    ["port", { port: 65_536 }, {}],
    ["port", { port: "8086" as never }, {}],
    ["AZURE_IDENTITY_GUARD_HEALTH_PORT", {}, { AZURE_IDENTITY_GUARD_HEALTH_PORT: "http" }],
    ["host", { port: 1, host: "a b" }, {}],
    ["page", { port: 1, page: 1 as never }, {}],
    ["keepAlive", { port: 1, keepAlive: "no" as never }, {}],
    ["drainOn", { port: 1, drainOn: "SIGTERM" as never }, {}],
    ["drainOn.signals", { port: 1, drainOn: { signals: ["SIGKILL" as never] } }, {}],
    ["drainOn.delayMs", { port: 1, drainOn: { delayMs: -1 } }, {}],
  ])("name what cannot be used: %s in %j with %j", (name, options, environment) => {
    let thrown: unknown;
    try {
      resolveServerOptions(options, environment);
    } catch (error) {
      thrown = error;
    }
    expect(isGuardError(thrown, "ERR_GUARD_CONFIGURATION") && thrown.details.problems[0]?.name).toBe(name);
  });
});
