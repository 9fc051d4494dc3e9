import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import type { HealthSnapshot } from "../../../src/health/health-snapshot.js";
import { ProbeLog } from "../../../src/probes/probe-log.js";
import { PAGE_HEADERS } from "../../../src/probes/status-page/page-document.js";
import { StatusPage } from "../../../src/probes/status-page/status-page.js";
import { ManualClock } from "../../../src/testing/manual-clock.js";
import { EventStream } from "./event-stream.js";
import { ago, MINUTE, NOW, OPEN, snapshot } from "./snapshots.js";

/** A status page on a server of loopback, with a clock and health of the test's own. */
class Stand {
  readonly clock = new ManualClock({ now: NOW });
  readonly log = new ProbeLog();
  readonly page: StatusPage;
  snapshots: () => readonly HealthSnapshot[] = () => [snapshot("ready")];
  url = "";
  readonly #server: Server;
  readonly #streams: EventStream[] = [];

  constructor() {
    const subject = {
      snapshots: () => this.snapshots(),
      drain: () => undefined,
      passes: () => true,
      isDrained: () => false,
      isAwaited: () => false,
    };
    this.page = new StatusPage({ subject, log: this.log, clock: this.clock });
    this.#server = createServer((request, response) => {
      if (!this.page.handle(request, response)) response.writeHead(404).end("somebody else's");
    });
  }

  static async start(): Promise<Stand> {
    const stand = new Stand();
    await new Promise<void>((resolve) => stand.#server.listen(0, "127.0.0.1", resolve));
    stand.url = `http://127.0.0.1:${(stand.#server.address() as AddressInfo).port}`;
    stands.push(stand);
    return stand;
  }

  async listen(): Promise<EventStream> {
    const stream = await EventStream.open(this.url);
    this.#streams.push(stream);
    return stream;
  }

  async close(): Promise<void> {
    for (const stream of this.#streams) stream.close();
    this.page.close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

const stands: Stand[] = [];
afterEach(async () => {
  await Promise.all(stands.splice(0).map(async (stand) => await stand.close()));
});

describe("the page", () => {
  test("is served at / with its headers, whatever the query", async () => {
    const { url } = await Stand.start();
    const response = await fetch(`${url}/?from=somewhere`);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject(PAGE_HEADERS);
    expect(await response.text()).toContain("<h1");
  });

  test("has headers and no body for HEAD", async () => {
    const { url } = await Stand.start();
    const response = await fetch(url, { method: "HEAD" });
    expect(response.status).toBe(200);
    expect(Number(response.headers.get("content-length"))).toBeGreaterThan(1000);
    expect(await response.text()).toBe("");
  });

  test.each(["/", "/events"])("is read only at %s", async (path) => {
    const { url } = await Stand.start();
    const response = await fetch(url + path, { method: "POST", body: "x" });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("GET, HEAD");
  });

  test.each(["/readyz", "/events/", "//", "/favicon.ico", "/index.html"])(
    "leaves %s to others",
    async (path) => {
      const { url } = await Stand.start();
      expect(await (await fetch(url + path)).text()).toBe("somebody else's");
    },
  );

  test("says that it failed, and not why, where a monitor throws", async () => {
    const stand = await Stand.start();
    stand.snapshots = () => {
      throw new Error("SECRET");
    };
    const response = await fetch(stand.url);
    expect(response.status).toBe(500);
    expect(await response.text()).toBe("the status page failed\n");
    expect((await fetch(`${stand.url}/events`)).status).toBe(500);
    expect(stand.clock.pending).toBe(0);
  });
});

describe("live updates", () => {
  test("begin with everything", async () => {
    const stand = await Stand.start();
    const stream = await stand.listen();
    expect(stream.status).toBe(200);
    expect(stream.headers).toMatchObject({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store, no-transform",
    });
    const { order, sections, title } = await stream.nextChanges();
    expect(order).toEqual(["headline", "credential-1", "probes"]);
    expect(Object.keys(sections)).toEqual(order);
    expect(title).toBe("Ready · azure-identity-guard");
  });

  test("have headers alone for HEAD, and do not count as a listener", async () => {
    const stand = await Stand.start();
    const response = await fetch(`${stand.url}/events`, { method: "HEAD" });
    expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
    expect(stand.clock.pending).toBe(0);
  });

  test("go on with the sections that changed, within a second", async () => {
    const stand = await Stand.start();
    const stream = await stand.listen();
    await stream.nextChanges();
    stand.snapshots = () => [snapshot("failing", { since: NOW })];
    await stand.clock.advance(1000);
    const { sections, announcement } = await stream.nextChanges();
    expect(Object.keys(sections)).toEqual(["headline", "credential-1"]);
    expect(announcement).toBe("0 of 1 credential ready. orders: Failing.");
  });

  test("say nothing where nothing happened, though time goes on", async () => {
    const stand = await Stand.start();
    const history = [ago.gate(20 * MINUTE, OPEN)];
    stand.snapshots = () => [snapshot("ready", { since: NOW - 86_400_000, keys: [], history })];
    const stream = await stand.listen();
    await stream.nextChanges();
    await stand.clock.advance(14_000);
    expect(stream.pending).toEqual([]);
  });

  test("move the timeline on every 5 s", async () => {
    const stand = await Stand.start();
    const stream = await stand.listen();
    await stream.nextChanges();
    await stand.clock.advance(4_000);
    expect(stream.pending).toHaveLength(0);
    await stand.clock.advance(1_000);
    expect(Object.keys((await stream.nextChanges()).sections)).toEqual(["credential-1"]);
    await stand.clock.advance(10_000);
    expect(stream.pending).toHaveLength(2);
  });

  test("keep the connection warm, with the time that is shown", async () => {
    const stand = await Stand.start();
    stand.snapshots = () => [];
    const stream = await stand.listen();
    await stream.nextChanges();
    await stand.clock.advance(15_000);
    expect(await stream.next()).toEqual({ event: "beat", data: "12:30:15 UTC" });
    await stand.clock.advance(30_000);
    expect(stream.pending.map(({ event }) => event)).toEqual(["beat", "beat"]);
  });

  test("send each listener what it has not seen", async () => {
    const stand = await Stand.start();
    const first = await stand.listen();
    await first.nextChanges();
    stand.snapshots = () => [snapshot("degraded", { since: NOW })];
    const second = await stand.listen();
    expect((await second.nextChanges()).title).toBe("Degraded · azure-identity-guard");
    await stand.clock.advance(1000);
    expect((await first.nextChanges()).title).toBe("Degraded · azure-identity-guard");
    expect(second.pending).toEqual([]);
  });

  test("tell of credentials that come and go", async () => {
    const stand = await Stand.start();
    const stream = await stand.listen();
    await stream.nextChanges();
    stand.snapshots = () => [snapshot("ready"), snapshot("ready", { name: "billing" })];
    await stand.clock.advance(1000);
    expect((await stream.nextChanges()).order).toContain("credential-2");
    stand.snapshots = () => [snapshot("ready")];
    await stand.clock.advance(1000);
    expect((await stream.nextChanges()).order).not.toContain("credential-2");
  });

  test("survive a monitor that throws for a while", async () => {
    const stand = await Stand.start();
    const stream = await stand.listen();
    await stream.nextChanges();
    stand.snapshots = () => {
      throw new Error("for a while");
    };
    await stand.clock.advance(3000);
    stand.snapshots = () => [snapshot("failing", { since: NOW })];
    await stand.clock.advance(1000);
    expect((await stream.nextChanges()).title).toContain("Failing");
  });

  test("are refused to the 21st listener until one goes", async () => {
    const stand = await Stand.start();
    const streams = await Promise.all(Array.from({ length: 20 }, async () => await stand.listen()));
    await Promise.all(streams.map(async (stream) => await stream.nextChanges()));
    const refused = await fetch(`${stand.url}/events`);
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("10");
    expect(await refused.text()).toContain("too many browsers");
    streams[0]?.close();
    await stand.clock.advance(0);
    expect((await stand.listen()).status).toBe(200);
  });

  test("stop their loop with the last listener, and start it again with the next", async () => {
    const stand = await Stand.start();
    const streams = [await stand.listen(), await stand.listen()] as const;
    expect(stand.clock.pending).toBe(1);
    streams[0].close();
    await stand.clock.advance(0);
    expect(stand.clock.pending).toBe(1);
    streams[1].close();
    await stand.clock.advance(0);
    expect(stand.clock.pending).toBe(0);
    const next = await stand.listen();
    expect(stand.clock.pending).toBe(1);
    await next.nextChanges();
  });

  test("end when the page is closed, which takes no more listeners", async () => {
    const stand = await Stand.start();
    const stream = await stand.listen();
    await stream.nextChanges();
    stand.page.close();
    await stream.ended;
    expect(stand.clock.pending).toBe(0);
    expect((await fetch(`${stand.url}/events`)).status).toBe(503);
    stand.page.close();
  });
});
