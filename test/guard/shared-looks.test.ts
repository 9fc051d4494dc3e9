import { describe, expect, it } from "vitest";
import type { GuardOptions } from "../../src/config/options.js";
import { createNmiGate } from "../../src/gate/nmi-gate.js";
import type { GuardedCredential } from "../../src/guard/guarded-credential.js";
import { SCOPE, SERVERS, tokenAnswer, World } from "./world.js";

const HOST_IP = { HOST_IP: "10.240.0.4" };
const NMI = { url: "http://10.240.0.4:8085/healthz", metadataUrl: "http://169.254.169.254" };

/** Gates that look at the same health URL, each in a watcher of its own or shared. */
const GATES: Readonly<Record<string, (world: World) => GuardOptions>> = {
  "auto, by HOST_IP": () => ({}),
  "nmi, by name": () => ({ gate: "nmi" }),
  "nmi, of the application": (world) => ({ gate: createNmiGate(NMI, world.ports) }),
};

/** One credential for each gate, 300 ms apart. */
async function allOf(world: World): Promise<AsyncDisposable> {
  const all: GuardedCredential[] = [];
  for (const options of Object.values(GATES)) {
    all.push(world.credential(options(world), HOST_IP));
    await world.clock.advance(300);
  }
  const close = async (): Promise<void> => {
    await Promise.all(all.map(async (credential) => await credential.close()));
  };
  return { [Symbol.asyncDispose]: close };
}

describe("gates of different kinds that look at one node", () => {
  it("ask for health once a second while they are closed", async () => {
    const world = new World();
    world.health = () => ({ status: 200, server: undefined, body: "Not Active" });
    world.route = () => ({ status: 400, server: SERVERS.unknown.server, body: "" }); // decides nothing
    await using _all = await allOf(world);
    const [health, routes] = [world.healthChecks, world.routeProbes];
    await world.clock.advance(10_000);
    expect(world.healthChecks - health).toBeLessThanOrEqual(10);
    expect(world.routeProbes - routes).toBeLessThanOrEqual(10);
  });

  it("ask once in a poll interval while they are open, and as often who answers", async () => {
    const world = new World();
    await using _all = await allOf(world);
    await world.clock.advance(20_000);
    expect(world.healthChecks).toBeLessThanOrEqual(5);
    expect(world.routeProbes).toBeLessThanOrEqual(5);
  });

  it("share the wait after IMDS answered", async () => {
    const world = new World();
    world.route = () => ({ status: 400, server: SERVERS.imds.server, body: "" });
    await using _all = await allOf(world);
    await world.clock.advance(30_000);
    expect(world.routeProbes).toBeLessThanOrEqual(6);
  });

  it("look afresh after each acquisition all the same", async () => {
    const world = new World();
    await using credential = world.credential({}, HOST_IP);
    await using other = world.credential({ gate: "nmi" }, HOST_IP);
    await world.clock.advance(300);
    world.token = () => {
      world.health = () => ({ status: 200, server: undefined, body: "Not Active" });
      return tokenAnswer(world.clock.now());
    };
    const before = world.healthChecks;
    const call = credential.getToken(SCOPE);
    call.catch(() => undefined);
    await world.clock.advance(100);
    expect(world.healthChecks - before).toBe(1);
    expect(credential.health.snapshot().metrics.rejected).toEqual([{ reason: "gate-closed", count: 1 }]);
    expect(other.health.snapshot().keys).toEqual([]);
  });
});
