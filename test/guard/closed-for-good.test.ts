import { expect, test } from "vitest";
import type { Gate, GateObservation } from "../../src/gate/gate.js";
import { outcome, SCOPE, World } from "./world.js";

const CLOSED = { state: "closed", reason: "custom:x", permanent: true, observedAt: 0 } as const;
const OPEN = { state: "open", reason: "custom:y", observedAt: 0 } as const;

function gateOf(observation: () => GateObservation): Gate {
  return { name: "mine", check: async () => await Promise.resolve(observation()) };
}

test("each caller is rejected at once while the gate is closed for good", async () => {
  const world = new World();
  await using credential = world.credential({ gate: gateOf(() => CLOSED) }, {});
  for (let n = 1; n <= 5; n++) {
    const call = credential.getToken(SCOPE);
    call.catch(() => undefined);
    await world.clock.advance(0);
    expect(await outcome(call), `call ${n}`).toHaveProperty("error.code", "ERR_GUARD_GATE_CLOSED");
  }
  expect(world.requests).toBe(0);
});

test("callers in the pause after throttling are rejected when the gate closes for good", async () => {
  const world = new World();
  world.random = () => 0.9;
  world.token = () => ({ status: 429, body: "" });
  let observation: GateObservation = OPEN;
  await using credential = world.credential({ gate: gateOf(() => observation) }, {});
  const call = credential.getToken(SCOPE);
  call.catch(() => undefined);
  await world.clock.advance(1_000);
  observation = CLOSED;
  await world.clock.advance(5_000);
  expect(await outcome(call)).toHaveProperty("error.code", "ERR_GUARD_GATE_CLOSED");
  expect(world.requests).toBe(1);
});

test("what a gate said cannot be changed by those who are told", async () => {
  const world = new World();
  await using credential = world.credential({ gate: gateOf(() => ({ ...CLOSED, permanent: false })) }, {});
  await world.clock.advance(0);
  const { gate } = credential.health.snapshot();
  expect(() => Object.assign(gate!, OPEN)).toThrow(TypeError);
});
