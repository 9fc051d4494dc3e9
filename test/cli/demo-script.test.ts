import { expect, onTestFinished, test } from "vitest";
import { requestSent, watchRequests } from "../../src/cli/demo-requests.js";
import type { DemoEvent, RequestSent } from "../../src/cli/demo-events.js";
import { DEMO_NODE, DEMO_SCRIPT, KEY_VAULT, playScript, STORAGE } from "../../src/cli/demo-script.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { NodeSimulator } from "../../src/testing/node-simulator.js";
import type { RecordedRequest } from "../../src/testing/request-log.js";
import { claimsOf, http, token } from "../testing/harness.js";

async function stage(): Promise<{
  clock: ManualClock;
  node: NodeSimulator;
  asked: string[];
  events: DemoEvent[];
  played: Promise<void>;
  stop: AbortController;
}> {
  const clock = new ManualClock();
  const node = await NodeSimulator.start({ ...DEMO_NODE, clock });
  onTestFinished(async () => await node.close());
  const asked: string[] = [];
  const events: DemoEvent[] = [];
  const stop = new AbortController();
  const ports = { clock, signal: stop.signal, report: (event: DemoEvent) => void events.push(event) };
  const played = playScript(DEMO_SCRIPT, { node, ask: (resource) => void asked.push(resource) }, ports);
  played.catch(() => undefined);
  return { clock, node, asked, events, played, stop };
}

test("plays every step at its time, and no sooner", async () => {
  const { clock, events, played } = await stage();
  const start = clock.now();
  for (const { atMs } of DEMO_SCRIPT) await clock.advance(start + atMs - clock.now());
  await played;
  expect(events).toEqual(
    DEMO_SCRIPT.map(({ name, atMs }) => ({ who: "node", type: "step", name, at: start + atMs })),
  );
});

test("offers the node's identity until NMI is active, and again while it exits", async () => {
  const { clock, node } = await stage();
  const own = node.imds.systemAssigned?.objectId;
  const ownerNow = async (): Promise<unknown> => claimsOf(await token(node))["oid"];
  expect(await ownerNow()).toBe(own);
  await clock.advance(4_000);
  expect(node.nmi.health).toBe("Not Active");
  expect(await ownerNow()).toBe(own);
  await clock.advance(6_000);
  expect(await ownerNow()).toBe(node.identity.objectId);
  await clock.advance(4_500);
  expect(node.nmi.health).toBe("Active");
  expect(await ownerNow()).toBe(own);
  await clock.advance(4_500);
  expect(await ownerNow()).toBe(node.identity.objectId);
});

test("has the services ask for the second resource while NMI is on its way out", async () => {
  const { clock, asked } = await stage();
  await clock.advance(14_500);
  expect(asked).toEqual([KEY_VAULT]);
  await clock.advance(1_000);
  expect(asked).toEqual([KEY_VAULT, STORAGE]);
});

test("ends at once, and changes nothing more, when it is told to", async () => {
  const { clock, played, stop, events } = await stage();
  await clock.advance(1_000);
  stop.abort(new Error("enough"));
  await expect(played).rejects.toThrow("enough");
  await clock.advance(60_000);
  expect(events).toHaveLength(1);
});

function recorded(request: Partial<RecordedRequest>): RecordedRequest {
  const base = {
    id: 1,
    answeredBy: "imds",
    at: 5,
    method: "GET",
    path: "/",
    query: {},
    headers: {},
  } as const;
  return { ...base, sourceAddress: "127.0.0.1", socketId: 1, outcome: "ended", ...request };
}

const SDK = { "user-agent": "azsdk-js-identity/4.13.1 core-rest-pipeline/1.24.0" };

test.each<[string, Partial<RecordedRequest>, Partial<RequestSent> | undefined]>([
  [
    "a token request of the SDK",
    { headers: SDK, query: { resource: KEY_VAULT } },
    { who: "plain", what: "token", resource: KEY_VAULT, client: "azsdk-js-identity/4.13.1" },
  ],
  [
    "a token request of the guard",
    {
      headers: { "user-agent": "azure-identity-guard core-rest-pipeline/1.24.0" },
      query: { resource: KEY_VAULT },
    },
    { who: "guarded", what: "token" },
  ],
  ["a health check", { answeredBy: "health" }, { who: "guarded", what: "health" }],
  ["a route probe", {}, { who: "guarded", what: "route-probe" }],
  ["a probe of the SDK", { headers: SDK }, undefined],
])("recognises %s", (_what, request, expected) => {
  const event = requestSent(recorded(request));
  if (expected === undefined) expect(event).toBeUndefined();
  else expect(event).toMatchObject(expected);
});

test("reports requests that arrive together, each once", async () => {
  const node = await NodeSimulator.start(DEMO_NODE);
  const events: RequestSent[] = [];
  const watched = watchRequests(node, (event) => events.push(event));
  await Promise.all(Array.from({ length: 5 }, async () => await token(node)));
  await http(node.metadataUrl, { path: "/metadata/identity/oauth2/token" });
  await node.close();
  await watched;
  expect(events.map(({ what }) => what)).toEqual([...Array<string>(5).fill("token"), "route-probe"]);
});
