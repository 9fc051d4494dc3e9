import { expect, test } from "vitest";
import type { NodeSimulator } from "../../src/testing/node-simulator.js";
import { http, manualNode } from "./harness.js";

/** What a pod sees: the body of the health endpoint, and who answers a new connection to the metadata address. */
async function view(simulator: NodeSimulator): Promise<[health: string, route: string]> {
  const health = await http(simulator.healthUrl).then(
    ({ status, body }) => `${status} ${body}`,
    (error: unknown) => String((error as { code?: string }).code),
  );
  const route = await http(simulator.metadataUrl, { path: "/metadata/identity/oauth2/token" }).then(
    ({ headers }) => (headers["server"]?.startsWith("IMDS/") === true ? "imds" : "nmi"),
    (error: unknown) => String((error as { code?: string }).code),
  );
  return [health, route];
}

type Steps = (simulator: NodeSimulator, advance: (ms: number) => Promise<void>) => Promise<void>;

test.each<[string, Steps, [string, string]]>([
  ["nothing started", async ({ nmi }) => await nmi.setState("down"), ["ECONNREFUSED", "imds"]],
  [
    "process started, caches not synchronised",
    async ({ nmi }, advance) => {
      await nmi.setState("down");
      void nmi.start({ healthAfterMs: 1000 });
      await advance(999);
    },
    ["ECONNREFUSED", "imds"],
  ],
  [
    "rule being installed",
    async ({ nmi }, advance) => {
      await nmi.setState("down");
      void nmi.start({ healthAfterMs: 1000, activeAfterMs: 3000 });
      await advance(2999);
    },
    ["200 Not Active", "imds"],
  ],
  [
    "started",
    async ({ nmi }, advance) => {
      await nmi.setState("down");
      void nmi.start({ healthAfterMs: 1000, activeAfterMs: 3000 });
      await advance(3000);
    },
    ["200 Active", "nmi"],
  ],
  [
    "active before its token server listens",
    async ({ nmi }, advance) => {
      await nmi.setState("down");
      void nmi.start({ tokenServerLagMs: 100 });
      await advance(99);
    },
    ["200 Active", "ECONNREFUSED"],
  ],
  ["table flushed by somebody", async ({ nmi }) => await nmi.dropRule(), ["200 Active", "imds"]],
  [
    "rule put back by the next reconcile",
    async ({ nmi }, advance) => {
      await nmi.dropRule();
      await advance(60_000);
    },
    ["200 Active", "nmi"],
  ],
  [
    "rule gone for good",
    async ({ nmi }, advance) => {
      await nmi.dropRule({ restoredAfterMs: Infinity });
      await advance(600_000);
    },
    ["200 Active", "imds"],
  ],
  [
    "rule put back by hand",
    async ({ nmi }) => {
      await nmi.dropRule();
      await nmi.installRule();
    },
    ["200 Active", "nmi"],
  ],
  ["SIGTERM received", async ({ nmi }) => await nmi.exitGracefully(), ["200 Active", "imds"]],
  [
    "just before the end of the grace",
    async ({ nmi }, advance) => {
      await nmi.exitGracefully();
      await advance(9999);
    },
    ["200 Active", "imds"],
  ],
  [
    "exited",
    async ({ nmi }, advance) => {
      await nmi.exitGracefully();
      await advance(10_000);
    },
    ["ECONNREFUSED", "imds"],
  ],
  ["crashed", async ({ nmi }) => await nmi.crash(), ["ECONNREFUSED", "ECONNREFUSED"]],
  [
    "starting after a crash",
    async ({ nmi }, advance) => {
      await nmi.crash();
      void nmi.start({ healthAfterMs: 1000, activeAfterMs: 2000 });
      await advance(500);
    },
    ["ECONNREFUSED", "ECONNREFUSED"],
  ],
  [
    "restarted after a crash, not active yet",
    async ({ nmi }, advance) => {
      await nmi.crash();
      void nmi.start({ healthAfterMs: 1000, activeAfterMs: 2000 });
      await advance(1500);
    },
    ["200 Not Active", "nmi"],
  ],
  [
    "crashed while it was exiting",
    async ({ nmi }, advance) => {
      await nmi.exitGracefully();
      await nmi.crash();
      await advance(20_000);
    },
    ["ECONNREFUSED", "imds"],
  ],
  [
    "crashed with the rule back by hand",
    async ({ nmi }) => {
      await nmi.setState("down");
      await nmi.installRule();
    },
    ["ECONNREFUSED", "ECONNREFUSED"],
  ],
])("%s", async (_phase, steps, expected) => {
  const { simulator, clock } = await manualNode();
  await steps(simulator, async (ms) => await clock.advance(ms));
  expect(await view(simulator)).toEqual(expected);
});

test("keeps the rule that a crash left behind when it is switched to not-active", async () => {
  const { simulator } = await manualNode();
  await simulator.nmi.crash();
  await simulator.nmi.setState("not-active");
  expect(await view(simulator)).toEqual(["200 Not Active", "nmi"]);
});

test("does not put a rule back that was dropped again", async () => {
  const { simulator, clock } = await manualNode();
  await simulator.nmi.dropRule();
  await simulator.nmi.dropRule({ restoredAfterMs: Infinity });
  await clock.advance(60_000);
  expect(simulator.nmi.ruleInstalled).toBe(false);
});

test("says Not Active to the end where it is terminated before it was active", async () => {
  const { simulator } = await manualNode({ nmi: { state: "not-active" } });
  await simulator.nmi.exitGracefully();
  expect(await view(simulator)).toEqual(["200 Not Active", "imds"]);
});

test.each([
  ["down", "down"],
  ["crashed", "crashed"],
  ["starting", "down"],
] as const)("has nothing to answer a SIGTERM with while it is %s", async (before, after) => {
  const { simulator } = await manualNode({ nmi: { state: "down" } });
  if (before === "crashed") await simulator.nmi.crash();
  if (before === "starting") void simulator.nmi.start({ healthAfterMs: 1000 });
  await simulator.nmi.exitGracefully();
  expect([simulator.nmi.state, simulator.nmi.health]).toEqual([after, undefined]);
});

test.each(["active", "not-active", "down"] as const)("begins %s where asked to", async (state) => {
  const { simulator } = await manualNode({ nmi: { state } });
  expect(simulator.nmi.state).toBe(state);
});

test("listens on the same ports again after a crash", async () => {
  const { simulator } = await manualNode();
  const before = simulator.environment;
  await simulator.nmi.crash();
  await simulator.nmi.start();
  expect(simulator.environment).toEqual(before);
  expect(await view(simulator)).toEqual(["200 Active", "nmi"]);
});

test("resolves a start that another command overtook", async () => {
  const { simulator } = await manualNode({ nmi: { state: "down" } });
  const started = simulator.nmi.start({ activeAfterMs: 5000 });
  await simulator.nmi.crash();
  await started;
  expect(simulator.nmi.state).toBe("crashed");
});

test("divides its times by the scale", async () => {
  const { simulator, clock } = await manualNode({ timeScale: 0.1 });
  await simulator.nmi.exitGracefully();
  await clock.advance(999);
  expect(simulator.nmi.state).toBe("terminating");
  await clock.advance(1);
  expect(simulator.nmi.state).toBe("down");
});

test.each(["GET", "POST", "PUT"])(
  "answers %s of the health path alike, without a Server header",
  async (method) => {
    const { simulator } = await manualNode();
    const { status, headers, body } = await http(simulator.healthUrl, { method });
    expect({ status, body, type: headers["content-type"] }).toEqual({
      status: 200,
      body: "Active",
      type: "text/plain; charset=utf-8",
    });
    expect(headers).toHaveProperty("date");
    expect(headers).not.toHaveProperty("server");
  },
);

test("knows no other path on the health port", async () => {
  const { simulator } = await manualNode();
  expect((await http(simulator.healthUrl, { path: "/metrics" })).status).toBe(404);
});
