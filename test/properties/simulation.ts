import type { ResolvedOptions } from "../../src/config/options.js";
import type { GuardedCredential } from "../../src/guard/guarded-credential.js";
import type { GuardPorts } from "../../src/guard/registry.js";
import type { ManualClock } from "../../src/testing/manual-clock.js";
import { collectLogs } from "./logs.js";
import type { Moment, PlaneRecord } from "./plane.js";
import { Process } from "./process.js";
import type { Schedule } from "./schedule.js";

// Errors are made in great number, and nobody reads where.
Error.stackTraceLimit = 3;

/** A guarded credential, and the options it was made with. */
export interface Instance {
  readonly credential: GuardedCredential;
  readonly options: ResolvedOptions;
}

/** What a schedule happens to. */
export interface World {
  readonly clock: ManualClock;
  readonly ports: GuardPorts;
  readonly plane: PlaneRecord;
  /** The two resources, as requests name them. */
  readonly resources: readonly [string, string];
  moment(): Moment;
  create(instance: number): Instance;
  /** Sleeps that are the world's own. */
  ownSleeps(): number;
}

/** What is left of a run once everything was closed. */
export interface Run {
  readonly schedule: Schedule;
  readonly plane: PlaneRecord;
  readonly process: Process;
  /** Of the instances that there were. */
  readonly options: readonly ResolvedOptions[];
  /** When the last of the instances was closed; a later one starts from nothing. */
  readonly forgotten: readonly Moment[];
  /** Tokens found in caches that no event told of. */
  readonly unexplained: readonly string[];
  readonly pendingAfterClose: number;
}

/** Credentials that ignore their signal may return long after everything was closed. */
const AFTERWARDS_MS = 30_000;

/** Lives through a schedule to its end: until every call is settled, and everything is closed. */
export async function simulate(schedule: Schedule, world: World): Promise<Run> {
  const { clock, ports, plane, resources } = world;
  const process = new Process(clock, () => world.moment(), ports.registry);
  const endLogs = collectLogs(process.said);
  const instances = new Map<number, Instance>();
  const forgotten: Moment[] = [];
  const unexplained: string[] = [];

  const instance = (number: number): Instance => {
    const made = instances.get(number) ?? world.create(number);
    instances.set(number, made);
    process.watch();
    return made;
  };
  const look = (): void => {
    const explained = new Set(process.stored.map(({ text }) => text));
    for (const state of process.states) {
      for (const { token } of state.cache.entries()) {
        const text = token?.accessToken.token;
        if (text !== undefined && !explained.has(text)) unexplained.push(text);
      }
    }
  };
  const close = async (number: number): Promise<void> => {
    const made = instances.get(number);
    if (made === undefined) return;
    await made.credential.close();
    if (ports.registry.states.size === 0) forgotten.push(world.moment());
  };

  const actions: { readonly at: number; readonly act: () => Promise<void> | void }[] = [];
  const later = (at: number, act: () => Promise<void> | void): void => void actions.push({ at, act });
  for (const plan of schedule.calls) {
    later(plan.at, () => {
      const { credential, options } = instance(plan.instance);
      const { kind, claims, abortAfterMs } = plan;
      const abort = process.call(
        credential,
        {
          kind,
          resource: resources[plan.scope === 0 ? 0 : 1],
          instance: plan.instance,
          schedule: options.retry,
        },
        {
          ...(plan.cae ? { enableCae: true, tenantId: "t" } : {}),
          ...(claims === undefined ? {} : { claims }),
        },
      );
      if (abortAfterMs !== undefined) later(plan.at + abortAfterMs, abort);
    });
  }
  for (const { at, by } of schedule.jumps) {
    later(at, () => {
      clock.jump(by);
      process.jumps++;
    });
  }
  for (const { at, instance: number } of schedule.closes) later(at, async () => await close(number));

  try {
    for (let next = nextOf(actions); next !== undefined; next = nextOf(actions)) {
      await clock.advance(next.at - clock.elapsed());
      await next.act();
      look();
    }
    // A warm-up may last until it is closed.
    const ends = process.calls.map(({ end, start, schedule: { budgetMs } }) =>
      end === undefined ? start.at + budgetMs : 0,
    );
    await clock.advance(Math.max(0, Math.max(...ends) - clock.elapsed()));
    look();
    for (const state of process.states) process.said.push(JSON.stringify(state.health.snapshot()));
    for (const number of instances.keys()) await close(number);
    await clock.advance(0);
    const pendingAfterClose = clock.pending - world.ownSleeps();
    if (world.ownSleeps() > 0) await clock.advance(AFTERWARDS_MS);
    look();
    const options = [...instances.values()].map((made) => made.options);
    return { schedule, plane, process, options, forgotten, unexplained, pendingAfterClose };
  } finally {
    endLogs();
    for (const { credential } of instances.values()) await credential.close();
  }
}

/** Takes out the earliest; of those at one moment the first in the list. Aborts join the list as calls begin. */
function nextOf<T extends { readonly at: number }>(actions: T[]): T | undefined {
  let first = 0;
  actions.forEach(({ at }, index) => {
    if (at < (actions[first]?.at ?? Infinity)) first = index;
  });
  return actions.splice(first, 1)[0];
}
