import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import type { GuardedCredential } from "../../../src/guard/guarded-credential.js";
import type { ProbeName } from "../../../src/health/health-report.js";
import type { ProbeOptions } from "../../../src/probes/probe-options.js";
import { drain, type ProbeTarget } from "../../../src/probes/target.js";
import { refused, SCOPE, World } from "../../guard/world.js";

/** A server that listens. */
export interface Served extends AsyncDisposable {
  readonly url: string;
}

export type AdapterOptions = Pick<ProbeOptions, "checks" | "details">;

/** How an adapter writes what a probe found. */
export interface AnswerStyle {
  readonly contentType: string;
  /** `null` where that is the framework's own affair. */
  readonly cacheControl: string | null;
  /** The whole body of a probe that passes, where it lists nothing unless asked. */
  readonly brief?: string;
  /** What is added to a path for a list of all lines. */
  readonly verbose: string;
  /** Lines by name: `ok`, or `failed: ` and the reason. */
  read(body: string): Readonly<Record<string, string>>;
}

export interface ProbeAdapter {
  /** A server with the probes at `/startupz`, `/readyz` and `/livez`, beside what the application serves. */
  serve(target: ProbeTarget, options: AdapterOptions): Promise<Served>;
  readonly style: AnswerStyle;
  /** The answer for `/orders`, which is no probe. */
  readonly other: { readonly status: number; readonly body: string };
  /** The answer for POST, where the adapter and not the framework gives it. */
  readonly post?: number;
}

/** Kubernetes' text. */
export const TEXT_STYLE: AnswerStyle = {
  contentType: "text/plain; charset=utf-8",
  cacheControl: "no-store",
  brief: "ok",
  verbose: "?verbose",
  read(body) {
    const lines = body.split("\n");
    expect(lines.splice(-2)).toEqual([expect.stringMatching(/^\w+z check (passed|failed)$/), ""]);
    return Object.fromEntries(
      lines.map((line) => {
        const [, sign = "", name = "", verdict = ""] = /^\[([+-])\](\S+) (.*)$/.exec(line) ?? [];
        expect(sign).toBe(verdict === "ok" ? "+" : "-");
        return [name, verdict];
      }),
    );
  },
};

/** An application behind middleware that lets `/orders` through. */
export const APPLICATION: ProbeAdapter["other"] = { status: 200, body: "orders of the application" };

export async function listening(server: Server): Promise<Served> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

export const served = async (listener: RequestListener): Promise<Served> =>
  await listening(createServer(listener));

/** An answer as far as clients see it. */
export interface Seen {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

export async function ask(url: string, init: RequestInit = {}): Promise<Seen> {
  const response = await fetch(url, init);
  return { status: response.status, headers: response.headers, body: await response.text() };
}

interface Scene {
  readonly name: string;
  /** A credential in this state. */
  readonly enter: (world: World) => Promise<GuardedCredential>;
  /** Lines that fail, by probe; a probe without any passes. */
  readonly fails: Partial<Record<ProbeName, Readonly<Record<string, string>>>>;
}

const PATHS: Readonly<Record<ProbeName, string>> = {
  startup: "/startupz",
  ready: "/readyz",
  live: "/livez",
};
const GOOD = { gate: "ok", token: "ok", shutdown: "ok" };
const GATE_CLOSED = { gate: "failed: health-refused" };

/** A credential with a token in hand. */
export async function readyCredential(world: World = new World()): Promise<GuardedCredential> {
  const credential = world.credential();
  const token = credential.getToken(SCOPE);
  await world.clock.advance(2_000);
  await token;
  return credential;
}

/** A credential whose gate has never been open. */
export async function startingCredential(world: World = new World()): Promise<GuardedCredential> {
  world.health = () => refused();
  const credential = world.credential();
  await world.clock.advance(60_000);
  return credential;
}

/** A credential whose gate was open and has closed, and that never had a token. */
async function failingCredential(world: World, forMs: number): Promise<GuardedCredential> {
  const credential = world.credential();
  await world.clock.advance(2_000);
  world.health = () => refused();
  await world.clock.advance(forMs);
  return credential;
}

const SCENES: readonly Scene[] = [
  { name: "starting", enter: startingCredential, fails: { startup: GATE_CLOSED, ready: GATE_CLOSED } },
  { name: "ready", enter: readyCredential, fails: {} },
  {
    name: "degraded",
    async enter(world) {
      const credential = await readyCredential(world);
      world.health = () => refused();
      await world.clock.advance(60_000);
      return credential;
    },
    fails: { ready: GATE_CLOSED },
  },
  {
    name: "failing",
    enter: async (world) => await failingCredential(world, 10_000),
    fails: { ready: GATE_CLOSED },
  },
  {
    name: "failing for longer than the grace",
    enter: async (world) => await failingCredential(world, 60_000),
    fails: { ready: GATE_CLOSED, live: GATE_CLOSED },
  },
  {
    name: "drained",
    async enter(world) {
      const credential = await readyCredential(world);
      drain(credential);
      return credential;
    },
    fails: { ready: { shutdown: "failed: drained" } },
  },
  {
    name: "closed",
    async enter(world) {
      const credential = await readyCredential(world);
      await credential.close();
      return credential;
    },
    fails: { startup: { shutdown: "failed: closed" }, ready: { shutdown: "failed: closed" } },
  },
];

/** A promise that the test settles. */
export function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let settle: (value: T) => void = () => undefined;
  const promise = new Promise<T>((resolve) => (settle = resolve));
  return { promise, resolve: (value) => settle(value) };
}

/** What every adapter keeps, in a server that runs. */
export function describeProbes(adapter: ProbeAdapter): void {
  const { style, other, post } = adapter;

  describe.each(SCENES)("while a credential is $name", ({ enter, fails }) => {
    it.each(Object.entries(PATHS) as [ProbeName, string][])("answers for %s at %s", async (probe, path) => {
      await using credential = await enter(new World());
      await using server = await adapter.serve(credential, {});
      const status = fails[probe] === undefined ? 200 : 503;

      const { headers, ...answer } = await ask(server.url + path);
      expect(answer.status).toBe(status);
      expect(headers.get("content-type")).toBe(style.contentType);
      expect(headers.get("cache-control")).toBe(style.cacheControl);
      if (status === 200 && style.brief !== undefined) expect(answer.body).toBe(style.brief);
      else expect(style.read(answer.body)).toEqual({ ...GOOD, ...fails[probe] });

      const verbose = await ask(server.url + path + style.verbose);
      expect(verbose.status).toBe(status);
      expect(style.read(verbose.body)).toEqual({ ...GOOD, ...fails[probe] });

      const head = await ask(server.url + path, { method: "HEAD" });
      expect(head).toMatchObject({ status, body: "" });
      expect(head.headers.get("content-type")).toBe(style.contentType);
    });
  });

  describe("with a check of the application that hangs", () => {
    it("fails readiness by its name, and leaves liveness alone", async () => {
      await using credential = await readyCredential();
      await using server = await adapter.serve(credential, {
        checks: [{ name: "database", check: async () => await new Promise(() => undefined), timeoutMs: 100 }],
      });
      const { status, body } = await ask(`${server.url}/readyz`);
      expect(status).toBe(503);
      expect(style.read(body)).toEqual({ ...GOOD, database: "failed: timed-out" });
      expect(await ask(`${server.url}/livez`)).toMatchObject({ status: 200 });
    });

    it("answers liveness, which looks at it as well, while readiness waits", async () => {
      await using credential = await readyCredential();
      const began = deferred<undefined>();
      const release = deferred<boolean>();
      const check = async (): Promise<boolean> => {
        began.resolve(undefined);
        return await release.promise;
      };
      await using server = await adapter.serve(credential, {
        checks: [{ name: "database", check, probes: ["ready", "live"], timeoutMs: 60_000 }],
      });
      const order: string[] = [];
      const ready = ask(`${server.url}/readyz`).finally(() => order.push("ready"));
      await began.promise;
      expect(await ask(`${server.url}/livez`)).toMatchObject({ status: 200 });
      order.push("live");
      release.resolve(false);
      const { status, body } = await ready;
      expect(order).toEqual(["live", "ready"]);
      expect(status).toBe(503);
      expect(style.read(body)).toEqual({ ...GOOD, database: "failed: failed" });
    });
  });

  it("says what a check threw where details are on", async () => {
    await using credential = await readyCredential();
    const checks = [{ name: "database", check: () => Promise.reject(new Error("no route to 10.0.0.9")) }];
    await using server = await adapter.serve(credential, { checks, details: true });
    const { status, body } = await ask(`${server.url}/readyz`);
    expect(status).toBe(503);
    expect(style.read(body)["database"]).toBe("failed: failed: no route to 10.0.0.9");
  });

  it("leaves other paths alone", async () => {
    await using credential = await readyCredential();
    await using server = await adapter.serve(credential, {});
    const { status, body } = await ask(`${server.url}/orders?id=1`);
    expect(status).toBe(other.status);
    expect(body).toContain(other.body);
  });

  if (post !== undefined) {
    it("takes no POST", async () => {
      await using credential = await readyCredential();
      await using server = await adapter.serve(credential, {});
      const { status, headers } = await ask(`${server.url}/readyz`, { method: "POST", body: "{}" });
      expect({ status, allow: headers.get("allow") }).toEqual({
        status: post,
        allow: post === 405 ? "GET, HEAD" : null,
      });
    });
  }

  if (style === TEXT_STYLE) {
    it("serves metrics", async () => {
      await using credential = await readyCredential();
      await using server = await adapter.serve(credential, {});
      const { status, headers, body } = await ask(`${server.url}/metrics`);
      expect(status).toBe(200);
      expect(headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
      expect(body).toContain(
        'azure_identity_guard_state{credential="ManagedIdentityCredential",state="ready"} 1',
      );
    });

    it("answers in JSON where it is asked to", async () => {
      await using credential = await startingCredential();
      await using server = await adapter.serve(credential, {});
      const accept = "application/health+json";
      const { status, headers, body } = await ask(`${server.url}/readyz`, { headers: { accept } });
      expect(status).toBe(503);
      expect(headers.get("content-type")?.split(";")[0]).toBe(accept);
      expect(JSON.parse(body)).toMatchObject({ status: "fail" });
    });

    it("leaves out what a request excludes", async () => {
      await using credential = await startingCredential();
      await using server = await adapter.serve(credential, {});
      expect(await ask(`${server.url}/readyz?exclude=gate`)).toMatchObject({ status: 200, body: "ok" });
    });
  }
}
