import { setImmediate as turn } from "node:timers/promises";
import { resolveOptions, type GuardOptions } from "../../src/config/options.js";
import { managedIdentity } from "../../src/guard/managed-identity-credential.js";
import { isolatedPorts, type Ports } from "../../src/guard/ports.js";
import { resolveGate } from "../../src/guard/resolve-gate.js";
import { createRegistry, type GuardPorts } from "../../src/guard/registry.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { Plane } from "./plane.js";
import { RETRIES, type Schedule } from "./schedule.js";
import type { Instance, World } from "./simulation.js";
import { RIGHT } from "./tokens.js";

/** The NMI gate and no other: what it looks at does not change with who answers first. */
const UNDER_NMI = { HOST_IP: "10.240.0.4", AZURE_IDENTITY_GUARD_GATE: "nmi" };

/** NMI, or the migration proxy, whichever answers first. */
const UNDECIDED = { HOST_IP: "10.240.0.4" };

export const RESOURCES = ["https://vault.azure.net", "https://storage.azure.com"] as const;

/** A clock for worlds without sockets, where one turn of the event loop is enough for all promises. */
export function fastClock(): ManualClock {
  return new ManualClock({ now: Date.UTC(2026, 0, 1), turns: 1 });
}

export function portsOf(
  clock: ManualClock,
  { send, probe }: Pick<Ports, "send" | "probe">,
  chances: readonly number[],
): GuardPorts {
  let drawn = 0;
  const random = (): number => chances[drawn++ % chances.length] ?? 0.5;
  return { ...isolatedPorts({ clock, random, send, probe }), registry: createRegistry() };
}

/** A guarded managed identity under the NMI gate. */
export function managedInstance(
  guard: GuardOptions,
  ports: GuardPorts,
  environment: Readonly<Record<string, string>> = UNDER_NMI,
): Instance {
  const options = resolveOptions(guard, environment, { gate: "auto", expect: "environment" });
  const gate = resolveGate(options, environment, ports);
  const context = { environment, options, gate, inKubernetes: true, guarding: true, ports };
  return { credential: managedIdentity(context, {}), options };
}

export function guardOptions(schedule: Schedule, instance: number): GuardOptions {
  return {
    retry: RETRIES[schedule.retries[instance] ?? 0] ?? {},
    expect: schedule.expects ? { objectId: RIGHT } : "none",
    ...(schedule.warmUp && instance === 0 ? { warmUpScopes: [`${RESOURCES[0]}/.default`] } : {}),
  };
}

/** A pod under NMI, whose managed identity every instance is. */
export function managedWorld(schedule: Schedule): World {
  return worldUnder(UNDER_NMI, schedule);
}

/** A pod that has the address of its node, and NMI or the migration proxy. */
export function undecidedWorld(schedule: Schedule): World {
  return worldUnder(UNDECIDED, schedule);
}

function worldUnder(environment: Readonly<Record<string, string>>, schedule: Schedule): World {
  const clock = fastClock();
  const plane = new Plane(clock, schedule.phases);
  const ports = portsOf(clock, plane, schedule.chances);
  return {
    clock,
    ports,
    plane,
    resources: RESOURCES,
    moment: () => plane.moment(),
    create: (instance) => managedInstance(guardOptions(schedule, instance), ports, environment),
    ownSleeps: () => 0,
  };
}

/**
 * Loads what the guard loads at first need. That is work of the event loop, for which virtual time does not wait: in the
 * first world of a process every attempt would time out before it reached the plane, and nothing would be tested.
 */
async function loadEverything(): Promise<void> {
  const clock = fastClock();
  const plane = new Plane(clock, [{ ms: 0, health: "active", route: "nmi", answer: "right", latencyMs: 0 }]);
  const { credential } = managedInstance({}, portsOf(clock, plane, [0.5]));
  let over = false;
  const call = credential.getToken(`${RESOURCES[0]}/.default`).finally(() => (over = true));
  while (!over) await turn();
  await call;
  await credential.close();
}

await loadEverything();
