import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { startControl } from "../../src/testing/control.js";
import type { Control } from "../../src/testing/control.js";
import type { ManualClock } from "../../src/testing/manual-clock.js";
import type { NodeSimulator } from "../../src/testing/node-simulator.js";
import { createIdentity } from "../../src/testing/simulated-identity.js";
import { claimsOf, failure, http, manualNode, token } from "./harness.js";

let simulator: NodeSimulator;
let clock: ManualClock;
let control: Control;

beforeEach(async () => {
  ({ simulator, clock } = await manualNode());
  control = await startControl(simulator);
  onTestFinished(async () => await control.close());
});

async function post(path: string, body: unknown, headers = {}): Promise<{ status: number; value: unknown }> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(control.url + path, { method: "POST", body: text, headers });
  return { status: response.status, value: await response.json() };
}

async function get(path: string): Promise<{ status: number; value: unknown }> {
  const response = await fetch(control.url + path);
  return { status: response.status, value: await response.json() };
}

test("shows the state of the node", async () => {
  expect(await get("/state")).toMatchObject({
    status: 200,
    value: {
      healthUrl: simulator.healthUrl,
      metadataUrl: simulator.metadataUrl,
      environment: simulator.environment,
      nmi: { state: "active", health: "Active", ruleInstalled: true, options: { mode: "standard" } },
      mic: { assignments: [{ pod: "default/app", state: "Assigned" }] },
      imds: { identities: [{ name: "kubelet" }, { name: "app" }], systemAssigned: null, updating: null },
      faults: 0,
    },
  });
});

test("shows requests, those after one and the last of them", async () => {
  for (let i = 0; i < 4; i += 1) await http(simulator.healthUrl);
  const ids = async (path: string): Promise<unknown> =>
    ((await get(path)) as { value: { requests: unknown } }).value.requests;
  expect(await ids("/requests")).toMatchObject([{ id: 1 }, { id: 2 }, { id: 3 }, { id: 4 }]);
  expect(await ids("/requests?after=2")).toMatchObject([{ id: 3 }, { id: 4 }]);
  expect(await ids("/requests?limit=1")).toMatchObject([{ id: 4 }]);
  expect(await ids("/requests?limit=0")).toEqual([]);
});

test("answers a command with the state after it", async () => {
  expect(await post("/nmi", { action: "crash" })).toMatchObject({
    status: 200,
    value: { nmi: { state: "crashed", ruleInstalled: true, tokenServerUp: false } },
  });
});

describe("commands for NMI", () => {
  test.each([
    [{ action: "start" }, "active"],
    [{ action: "start", healthAfterMs: 1000 }, "starting"],
    [{ action: "start", activeAfterMs: 1000 }, "not-active"],
    [{ action: "set-state", state: "down" }, "down"],
    [{ action: "exit-gracefully" }, "terminating"],
    [{ action: "exit-gracefully", graceMs: 0 }, "down"],
    [{ action: "crash" }, "crashed"],
  ])("%j leaves it %s", async (body, state) => {
    expect((await post("/nmi", body)).status).toBe(200);
    await clock.advance(0);
    expect(simulator.nmi.state).toBe(state);
  });

  test("drop and install the rule", async () => {
    await post("/nmi", { action: "drop-rule", restoredAfterMs: "never" });
    await clock.advance(100_000);
    expect(simulator.nmi.ruleInstalled).toBe(false);
    await post("/nmi", { action: "install-rule" });
    expect(simulator.nmi.ruleInstalled).toBe(true);
  });

  test("change its flags and leave the others", async () => {
    await post("/nmi", { action: "configure", mode: "managed" });
    expect(simulator.nmi.options).toMatchObject({ mode: "managed", retryAfterSeconds: 20 });
  });
});

test("assigns and unassigns identities", async () => {
  const { status } = await post("/mic", {
    action: "assign",
    pod: "default/app",
    identity: { name: "late" },
    afterMs: 5000,
  });
  expect(status).toBe(200);
  const late = createIdentity({ name: "late" });
  expect(simulator.mic.assignments.at(-1)).toMatchObject({ identity: late, state: "Created" });
  await clock.advance(5000);
  expect(simulator.mic.assignments.at(-1)).toMatchObject({ state: "Assigned" });
  await post("/mic", { action: "unassign", pod: "app", identity: { name: "late" } });
  await post("/mic", { action: "unassign", pod: "app", identity: simulator.identity.clientId });
  expect(simulator.mic.assignments).toEqual([]);
});

test("changes IMDS", async () => {
  const commands = [
    { action: "attach", identity: { name: "extra", objectId: "o" } },
    { action: "detach", identity: { name: "kubelet" } },
    { action: "set-system-assigned", identity: { name: "vm" } },
    { action: "set-updating", status: 410 },
    { action: "set-limits", perSecond: 3 },
    { action: "set-latency", ms: 7 },
    { action: "set-tokens", format: "opaque" },
    { action: "clear-token-cache" },
  ];
  for (const command of commands) expect((await post("/imds", command)).status).toBe(200);
  const { imds } = simulator;
  expect(imds.identities.map(({ name }) => name)).toEqual(["app", "extra"]);
  expect([imds.systemAssigned?.name, imds.updating, imds.limits.perSecond, imds.latencyMs]).toEqual([
    "vm",
    410,
    3,
    7,
  ]);
  await post("/imds", { action: "set-updating", status: null });
  await post("/imds", { action: "set-system-assigned", identity: null });
  expect([imds.systemAssigned, imds.updating]).toEqual([undefined, undefined]);
});

test("sets a stale principal", async () => {
  await post("/imds", {
    action: "set-stale-principal",
    identity: simulator.identity.clientId,
    objectId: "stale",
  });
  expect(claimsOf(await token(simulator))["oid"]).toBe("stale");
});

describe("faults", () => {
  test("meet the requests that match", async () => {
    const match = { pathPrefix: "/metadata/identity", sourceAddress: "127.0.0.5", query: { resource: "r" } };
    const fault = { kind: "status", status: 503, headers: { "Retry-After": "1" }, body: "later" };
    await post("/faults", { action: "next", target: "nmi", fault, match });
    const meet = async (parameters: Record<string, string>, from: string): Promise<number> =>
      (await token(simulator, parameters, { from })).status;
    expect(await meet({ resource: "r" }, "127.0.0.6")).toBe(200);
    expect(await meet({ resource: "s" }, "127.0.0.5")).toBe(200);
    expect(await meet({ resource: "r" }, "127.0.0.5")).toBe(503);
  });

  test("stand, apply together, and are released and cleared", async () => {
    const fault = [{ kind: "hold" }, { kind: "status", status: 500 }];
    await post("/faults", { action: "always", target: "nmi", fault });
    const held = token(simulator);
    await simulator.nextRequest();
    await post("/faults", { action: "release" });
    expect((await held).status).toBe(500);
    await post("/faults", { action: "clear" });
    expect((await token(simulator)).status).toBe(200);
  });
});

describe("bad input", () => {
  test.each([
    ["/nmi", "{", /not JSON/],
    ["/nmi", [], /"body" is \[\]; give a JSON object/],
    ["/nmi", {}, /"action" is missing; give one of "start", "set-state", "exit-gracefully"/],
    ["/nmi", { action: "stop" }, /"action" is "stop"/],
    [
      "/nmi",
      { action: "set-state", state: "up" },
      /"state" is "up"; give one of "down", "not-active", "active"/,
    ],
    ["/nmi", { action: "start", activeAfterMs: -1 }, /"activeAfterMs" is -1; give milliseconds from 0 to/],
    ["/nmi", { action: "crash", now: true }, /"now" is not known here; accepted are no fields/],
    ["/nmi", { action: "configure", mode: "other" }, /"mode"/],
    ["/mic", { action: "assign", pod: "x", identity: {} }, /"pod" is "x"; give one of "app", "default\/app"/],
    [
      "/mic",
      { action: "assign", pod: "app", identity: { id: 1 } },
      /"identity.id" is not known here; accepted are name/,
    ],
    ["/mic", { action: "assign", pod: "app" }, /"identity" is missing/],
    ["/imds", { action: "set-updating", status: 500 }, /"status" is 500; give one of 404, 410/],
    ["/imds", { action: "set-limits", perSecond: 0.5 }, /"perSecond" is 0.5; give a whole number/],
    ["/faults", { action: "next", target: "x", fault: { kind: "hang" } }, /"target" is "x"/],
    [
      "/faults",
      { action: "next", target: "nmi", fault: { kind: "x" } },
      /"fault.kind" is "x"; give one of "delay"/,
    ],
    [
      "/faults",
      { action: "next", target: "nmi", fault: [{ kind: "status" }] },
      /"fault\[0\].status" is missing/,
    ],
    ["/faults", { action: "next", target: "nmi", fault: { kind: "hang", ms: 1 } }, /"fault.ms" is not known/],
  ])("%s %j is refused", async (path, body, message) => {
    const { status, value } = await post(path, body);
    expect(status).toBe(400);
    expect(value).toEqual({ error: expect.stringMatching(message) as unknown });
  });

  test("a query that is no number is refused", async () => {
    expect(await get("/requests?after=x")).toMatchObject({ status: 400 });
  });

  test("a body over 64 KiB is refused", async () => {
    expect((await post("/nmi", `{"action":"crash","x":"${"x".repeat(65_536)}"}`)).status).toBe(413);
    expect(simulator.nmi.state).toBe("active");
  });

  test("a body of exactly 64 KiB is read", async () => {
    const body = JSON.stringify({ action: "crash" }).padEnd(65_536, " ");
    expect((await post("/nmi", body)).status).toBe(200);
  });

  test.each([
    ["GET", "/nmi", 405],
    ["POST", "/state", 405],
    ["GET", "/nothing", 404],
  ])("%s %s is answered %i", async (method, path, status) => {
    expect((await http(control.url, { method, path })).status).toBe(status);
  });
});

test("is closed to pages of another origin", async () => {
  const { status } = await post("/nmi", { action: "crash" }, { origin: "http://example.com" });
  expect({ status, state: simulator.nmi.state }).toEqual({ status: 403, state: "active" });
  expect((await post("/nmi", { action: "crash" }, { origin: control.url })).status).toBe(200);
});

test("ends the simulator and itself on request", async () => {
  expect((await post("/close", {})).status).toBe(200);
  await control.closed;
  expect(await failure(http(simulator.healthUrl))).toBe("ECONNREFUSED");
  expect(await failure(http(control.url))).toBe("ECONNREFUSED");
});

test("leaves the simulator running when it closes alone", async () => {
  await control.close();
  await control.close();
  expect((await http(simulator.healthUrl)).status).toBe(200);
});
