import { expect, test } from "vitest";
import { failure, http, keepAlive, manualNode, token } from "./harness.js";

test("keeps a connection that predates the rule with IMDS", async () => {
  const { simulator } = await manualNode({ nmi: { state: "down" } });
  const agent = keepAlive();
  await token(simulator, {}, { agent });
  await simulator.nmi.start();
  await token(simulator, {}, { agent });
  await token(simulator);
  expect(simulator.requests.map(({ answeredBy }) => answeredBy)).toEqual(["imds", "imds", "nmi"]);
  expect(simulator.requests[0]!.socketId).toBe(simulator.requests[1]!.socketId);
});

test("keeps a translated connection with NMI after the rule is gone", async () => {
  const { simulator } = await manualNode();
  const agent = keepAlive();
  await token(simulator, {}, { agent });
  await simulator.nmi.exitGracefully();
  await token(simulator, {}, { agent });
  await token(simulator);
  expect(simulator.requests.map(({ answeredBy }) => answeredBy)).toEqual(["nmi", "nmi", "imds"]);
});

test("breaks connections to NMI when its grace ends, not those to IMDS", async () => {
  const { simulator, clock } = await manualNode();
  simulator.faults.always("metadata", { kind: "hang" });
  const toNmi = failure(token(simulator));
  await simulator.nextRequest();
  await simulator.nmi.exitGracefully();
  void failure(token(simulator));
  await simulator.nextRequest();
  await clock.advance(10_000);
  expect(await toNmi).toBe("ECONNRESET");
  expect(simulator.requests.map(({ outcome }) => outcome)).toEqual(["aborted", "pending"]);
});

test("breaks a held request when NMI crashes", async () => {
  const { simulator, clock } = await manualNode({ podIdentities: [] });
  const held = failure(token(simulator));
  await simulator.nextRequest();
  await simulator.nmi.crash();
  expect(await held).toBe("ECONNRESET");
  await clock.advance(0);
  expect(clock.pending).toBe(0);
});

test("keeps connections to IMDS through a crash", async () => {
  const { simulator } = await manualNode({ nmi: { state: "down" } });
  const agent = keepAlive();
  await token(simulator, {}, { agent });
  await simulator.nmi.start();
  await simulator.nmi.crash();
  expect((await token(simulator, {}, { agent })).headers["server"]).toMatch(/^IMDS/);
});

test("breaks connections that predate the rule with conntrack deletion on", async () => {
  const { simulator } = await manualNode({ nmi: { state: "down", conntrackDeletion: true } });
  simulator.faults.next("imds", { kind: "hang" });
  const predating = failure(token(simulator));
  await simulator.nextRequest();
  await simulator.nmi.start();
  expect(await predating).toBe("ECONNRESET");
});

test("sends pods on the host's network to IMDS, also while others are refused", async () => {
  const { simulator } = await manualNode({
    pods: [
      { name: "app", addresses: ["127.0.0.2"] },
      { name: "agent", addresses: ["127.0.0.3"], hostNetwork: true },
    ],
  });
  expect((await token(simulator, {}, { from: "127.0.0.3" })).headers["server"]).toMatch(/^IMDS/);
  expect((await token(simulator, {}, { from: "127.0.0.2" })).headers["server"]).toBeUndefined();
  await simulator.nmi.crash();
  expect((await token(simulator, {}, { from: "127.0.0.3" })).headers["server"]).toMatch(/^IMDS/);
  expect(await failure(token(simulator, {}, { from: "127.0.0.2" }))).toBe("ECONNRESET");
});

test("breaks connections to the health port with the process", async () => {
  const { simulator } = await manualNode();
  const agent = keepAlive();
  await http(simulator.healthUrl, { agent });
  await simulator.nmi.crash();
  expect(await failure(http(simulator.healthUrl, { agent }))).toMatch(/^ECONN(REFUSED|RESET)$/);
});
