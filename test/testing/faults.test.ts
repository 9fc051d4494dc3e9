import { describe, expect, test } from "vitest";
import { failure, http, json, keepAlive, manualNode, token } from "./harness.js";

describe("a fault for the next request", () => {
  test("meets that one alone", async () => {
    const { simulator } = await manualNode();
    const fault = simulator.faults.next("nmi", { kind: "status", status: 500 });
    expect((await token(simulator)).status).toBe(500);
    expect((await token(simulator)).status).toBe(200);
    expect({ used: fault.used, left: simulator.faults.count }).toEqual({ used: 1, left: 0 });
  });

  test("meets as many as asked for", async () => {
    const { simulator } = await manualNode();
    simulator.faults.next("nmi", { kind: "status", status: 500 }, { times: 2 });
    const statuses = [await token(simulator), await token(simulator), await token(simulator)].map(
      (a) => a.status,
    );
    expect(statuses).toEqual([500, 500, 200]);
  });

  test("waits its turn behind those given before", async () => {
    const { simulator } = await manualNode();
    simulator.faults.next("nmi", { kind: "status", status: 501 });
    simulator.faults.next("nmi", { kind: "status", status: 502 });
    expect([(await token(simulator)).status, (await token(simulator)).status]).toEqual([501, 502]);
  });

  test("waits for a request that matches", async () => {
    const { simulator } = await manualNode();
    const match = ({ query }: { query: URLSearchParams }): boolean =>
      query.get("resource") === "https://other";
    simulator.faults.next("nmi", { kind: "status", status: 500 }, { match });
    expect((await token(simulator)).status).toBe(200);
    expect((await token(simulator, { resource: "https://other" })).status).toBe(500);
  });

  test("can be taken back", async () => {
    const { simulator } = await manualNode();
    simulator.faults.next("nmi", { kind: "status", status: 500 }).cancel();
    expect((await token(simulator)).status).toBe(200);
  });
});

describe("a standing fault", () => {
  test("meets every request until its time is over", async () => {
    const { simulator, clock } = await manualNode();
    simulator.faults.always("nmi", { kind: "status", status: 500 }, { untilMs: 1000 });
    await clock.advance(999);
    expect((await token(simulator)).status).toBe(500);
    await clock.advance(1);
    expect((await token(simulator)).status).toBe(200);
  });

  test("gives way to one for the next request, and to a later one", async () => {
    const { simulator } = await manualNode();
    simulator.faults.always("nmi", { kind: "status", status: 501 });
    simulator.faults.always("nmi", { kind: "status", status: 502 });
    simulator.faults.next("nmi", { kind: "status", status: 503 });
    expect([(await token(simulator)).status, (await token(simulator)).status]).toEqual([503, 502]);
  });

  test("ends when its target is cleared, others stay", async () => {
    const { simulator } = await manualNode();
    simulator.faults.always("nmi", { kind: "status", status: 500 });
    simulator.faults.always("health", { kind: "status", status: 500 });
    simulator.faults.clear("nmi");
    expect([(await token(simulator)).status, (await http(simulator.healthUrl)).status]).toEqual([200, 500]);
  });
});

test.each([
  ["nmi", { nmi: 500, imds: 200, health: 200 }],
  ["imds", { nmi: 200, imds: 500, health: 200 }],
  ["metadata", { nmi: 500, imds: 500, health: 200 }],
  ["health", { nmi: 200, imds: 200, health: 500 }],
] as const)("for %s meets what goes there", async (target, expected) => {
  const { simulator } = await manualNode({ nodeIdentities: [] });
  // A token in NMI's hands would come from IMDS; an error of IMDS is told by its own status in this test.
  await token(simulator);
  simulator.faults.always(
    target,
    { kind: "status", status: 500 },
    { match: ({ sourceAddress }) => sourceAddress === "127.0.0.5" },
  );
  const from = "127.0.0.5";
  const nmi = await token(simulator, {}, { from });
  await simulator.nmi.dropRule();
  const imds = await token(simulator, {}, { from });
  const health = await http(simulator.healthUrl, { from });
  expect({ nmi: nmi.status, imds: imds.status, health: health.status }).toEqual(expected);
});

describe("kinds", () => {
  test("delay answers late", async () => {
    const { simulator, clock } = await manualNode();
    simulator.faults.next("nmi", { kind: "delay", ms: 3000 });
    const answer = token(simulator);
    const request = await simulator.nextRequest();
    await clock.advance(2999);
    expect(request.outcome).toBe("pending");
    await clock.advance(1);
    expect((await answer).status).toBe(200);
  });

  test("hold answers when it is released", async () => {
    const { simulator, clock } = await manualNode();
    const fault = simulator.faults.always("nmi", { kind: "hold" });
    const answers = [token(simulator), token(simulator)];
    for (let i = 0; i < 2; i += 1) await clock.advance(0);
    expect(simulator.requests.map(({ outcome }) => outcome)).toEqual(["pending", "pending"]);
    fault.release();
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200]);
  });

  test("hold ends when all faults are cleared, that of a request under way too", async () => {
    const { simulator } = await manualNode();
    simulator.faults.next("nmi", { kind: "hold" });
    const answer = token(simulator);
    await simulator.nextRequest();
    simulator.faults.clear();
    expect((await answer).status).toBe(200);
  });

  test("hang never answers, and ends with the client", async () => {
    const { simulator, clock } = await manualNode();
    simulator.faults.next("nmi", { kind: "hang" });
    const client = new AbortController();
    const answer = failure(token(simulator, {}, { signal: client.signal }));
    const request = await simulator.nextRequest();
    await clock.advance(1_000_000);
    expect(request.outcome).toBe("pending");
    client.abort();
    await answer;
    await clock.advance(0);
    expect(request).toMatchObject({ outcome: "aborted" });
  });

  test("reset breaks the connection before the headers", async () => {
    const { simulator } = await manualNode();
    simulator.faults.next("nmi", { kind: "reset" });
    expect(await failure(token(simulator))).toBe("ECONNRESET");
    expect(simulator.requests[0]).toMatchObject({ outcome: "cut" });
    expect(simulator.requests[0]).not.toHaveProperty("status");
  });

  test.each([
    ["reset", { kind: "reset", afterBytes: 10 }],
    ["truncate", { kind: "truncate", afterBytes: 0 }],
    ["truncate in the middle", { kind: "truncate" }],
  ] as const)("%s breaks it in the body", async (_what, fault) => {
    const { simulator, clock } = await manualNode();
    simulator.faults.next("nmi", fault);
    expect(await failure(token(simulator))).toBe("ECONNRESET");
    await clock.advance(0);
    expect(simulator.requests[0]).toMatchObject({ outcome: "cut", status: 200 });
  });

  test("garbage is no JSON, whatever its type says", async () => {
    const { simulator } = await manualNode();
    simulator.faults.next("nmi", { kind: "garbage" });
    const answer = await token(simulator);
    expect(answer).toMatchObject({
      status: 200,
      headers: { "content-type": "application/json; charset=utf-8" },
    });
    expect(() => json(answer)).toThrow(SyntaxError);
  });

  test("huge is as large as asked for", async () => {
    const { simulator } = await manualNode();
    simulator.faults.next("nmi", { kind: "huge", bytes: 1_000_000 });
    expect((await token(simulator)).body).toHaveLength(1_000_000);
  });

  test("status comes with headers and a body", async () => {
    const { simulator } = await manualNode();
    const body = { error: "slow_down" };
    simulator.faults.next("nmi", { kind: "status", status: 429, headers: { "Retry-After": "7" }, body });
    const answer = await token(simulator);
    expect(answer).toMatchObject({ status: 429, headers: { "retry-after": "7" } });
    expect(json(answer)).toEqual(body);
  });

  test("headers changes the usual answer's", async () => {
    const { simulator } = await manualNode();
    const set = { "content-type": "text/html", Server: "envoy" };
    simulator.faults.next("nmi", { kind: "headers", set });
    expect(await token(simulator)).toMatchObject({
      status: 200,
      headers: { "content-type": "text/html", server: "envoy" },
    });
    await simulator.nmi.dropRule();
    simulator.faults.next("imds", { kind: "headers", remove: ["server"] });
    expect((await token(simulator)).headers).not.toHaveProperty("server");
  });

  test("several apply together, the first outermost", async () => {
    const { simulator, clock } = await manualNode();
    simulator.faults.next("nmi", [
      { kind: "delay", ms: 1000 },
      { kind: "headers", set: { "x-late": "1" } },
      { kind: "status", status: 502 },
    ]);
    const answer = token(simulator);
    const request = await simulator.nextRequest();
    await clock.advance(999);
    expect(request.outcome).toBe("pending");
    await clock.advance(1);
    expect(await answer).toMatchObject({ status: 502, headers: { "x-late": "1" } });
  });
});

test("leaves the connection open for the next request after an error", async () => {
  const { simulator } = await manualNode();
  const agent = keepAlive();
  simulator.faults.next("nmi", { kind: "status", status: 500, body: "x" });
  await token(simulator, {}, { agent });
  await token(simulator, {}, { agent });
  expect(simulator.requests[0]!.socketId).toBe(simulator.requests[1]!.socketId);
});
