import { createServer } from "node:http";
import { describe, expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../../src/clock.js";
import { startPageServer, type PageServer } from "../../../src/cli/demo-page/page-server.js";
import type { PageState } from "../../../src/cli/demo-page/page-state.js";
import { http } from "../../testing/harness.js";
import { EventReader } from "./event-reader.js";

const SIDE = { tone: "good", headline: "0 wrong", gate: "", rows: [] } as const;
const STATE: PageState = {
  node: [{ name: "NMI", tone: "good", words: "running" }],
  sides: { plain: SIDE, guarded: SIDE },
  announcement: "",
  log: [],
};

interface Started {
  readonly server: PageServer;
  readonly pressed: readonly string[];
  /** What the page shows from now on. */
  readonly show: (state: PageState) => void;
}

async function started(options: { port?: number; guardPage?: string } = {}): Promise<Started> {
  let state = STATE;
  const pressed: string[] = [];
  const server = await startPageServer({
    port: options.port ?? 0,
    clock: systemClock,
    state: () => state,
    press: (name) => {
      if (name === "no-such-button") return undefined;
      pressed.push(name);
      return name === "fail" ? Promise.reject(new Error("secret")) : Promise.resolve();
    },
    guardPage: () => options.guardPage,
  });
  onTestFinished(async () => await server[Symbol.asyncDispose]());
  return { server, pressed, show: (next) => (state = next) };
}

describe("the page", () => {
  test("is whole by itself: only its own script and style run, and nothing but its server is asked", async () => {
    const { server } = await started();
    const { status, headers, body } = await http(server.url);
    expect(status).toBe(200);
    expect(headers["content-security-policy"]).toContain("default-src 'none'");
    expect(headers["content-security-policy"]).not.toContain("unsafe");
    expect(body).not.toMatch(/(?:src|href)="(?:https?:)?\/\//u);
    expect(headers["access-control-allow-origin"]).toBeUndefined();
  });

  test("has a button for each of the breaks that were asked for, with words for it", async () => {
    const { body } = await http((await started()).server.url);
    for (const name of ["stop-nmi", "exit-nmi", "drop-rule", "unassign-identity", "throttle-imds"]) {
      expect(body).toContain(`data-do="${name}"`);
      expect(body).toContain(`id="about-${name}"`);
    }
  });

  test("gets the state at once, and again when it is another one", async () => {
    const { server, show } = await started();
    await using reader = await EventReader.open(`${server.url}events`);
    expect(await reader.next()).toEqual(STATE);
    const next = { ...STATE, announcement: "something happened" };
    show(next);
    expect(await reader.next()).toEqual(next);
  });
});

describe("a button", () => {
  test("is pressed by POST, and answered once it has done its work", async () => {
    const { server, pressed } = await started();
    const { status } = await http(`${server.url}do/drop-rule`, { method: "POST" });
    expect(status).toBe(204);
    expect(pressed).toEqual(["drop-rule"]);
  });

  test.each(["GET", "HEAD", "PUT"])("is not pressed by %s", async (method) => {
    const { server, pressed } = await started();
    const { status } = await http(`${server.url}do/drop-rule`, { method });
    expect(status).toBe(405);
    expect(pressed).toEqual([]);
  });

  test("that is none is 404; one that fails says so, and not why", async () => {
    const { server } = await started();
    expect((await http(`${server.url}do/no-such-button`, { method: "POST" })).status).toBe(404);
    const { status, body } = await http(`${server.url}do/fail`, { method: "POST" });
    expect(status).toBe(500);
    expect(body).not.toContain("secret");
  });

  test.each([
    ["a page of somebody else's", { origin: "https://example.com" }],
    ["another port of this machine", { origin: "http://127.0.0.1:1" }],
    ["a page without an origin", { origin: "null" }],
    ["a name of somebody else's that leads here", { host: "example.com" }],
  ])("is not pressed by %s", async (_who, headers) => {
    const { server, pressed } = await started();
    const { status } = await http(`${server.url}do/drop-rule`, { method: "POST", headers });
    expect(status).toBe(403);
    expect(pressed).toEqual([]);
  });

  test("is pressed by the page itself, by either name of loopback", async () => {
    const { server, pressed } = await started();
    for (const host of [new URL(server.url).host, `localhost:${new URL(server.url).port}`]) {
      const headers = { host, origin: `http://${host}` };
      await http(`${server.url}do/drop-rule`, { method: "POST", headers });
    }
    expect(pressed).toHaveLength(2);
  });
});

test("nothing is shown to a name of somebody else's that leads here", async () => {
  const { server } = await started();
  for (const path of ["", "events", "guard/"]) {
    expect((await http(server.url + path, { headers: { host: "example.com" } })).status).toBe(403);
  }
});

describe("the guard's own page", () => {
  test("is passed on, with leave to be framed by this page alone", async () => {
    const guard = createServer(({ url }, response) => {
      response.writeHead(200, { "content-security-policy": "default-src 'none'; frame-ancestors 'none'" });
      response.end(`this is ${url ?? ""}`);
    });
    await new Promise<void>((resolve) => guard.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void guard.close());
    const address = guard.address();
    const port = typeof address === "object" ? (address?.port ?? 0) : 0;
    const { server } = await started({ guardPage: `http://127.0.0.1:${port}` });
    const page = await http(`${server.url}guard/`);
    expect(page).toMatchObject({ status: 200, body: "this is /" });
    expect(page.headers["content-security-policy"]).toBe("default-src 'none'; frame-ancestors 'self'");
    expect(await http(`${server.url}guard/events`)).toMatchObject({ body: "this is /events" });
    expect(await http(`${server.url}guard/metrics`)).toMatchObject({ status: 404 });
  });

  test("is 503 while there is none, and where nobody listens", async () => {
    expect((await http(`${(await started()).server.url}guard/`)).status).toBe(503);
    const gone = await started();
    const { url } = gone.server;
    await gone.server[Symbol.asyncDispose]();
    const { server } = await started({ guardPage: url });
    expect((await http(`${server.url}guard/`)).status).toBe(503);
  });
});

test("a port that somebody else has is an error with the system's code", async () => {
  const { server } = await started();
  await expect(started({ port: Number(new URL(server.url).port) })).rejects.toMatchObject({
    code: "EADDRINUSE",
  });
});

test("no place among the listeners is taken by a page of somebody else's", async () => {
  const { server } = await started();
  for (const path of ["", "events"]) {
    const { status } = await http(server.url + path, { headers: { "sec-fetch-site": "cross-site" } });
    expect(status).toBe(403);
  }
});
