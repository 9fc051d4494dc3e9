import fc from "fast-check";
import { expect, test } from "vitest";
import { createGateRegistry, watchGate, type GateWatch } from "../../src/gate/gate-watcher.js";
import { GATE_KEY, type GateObservation, type KeyedGate } from "../../src/gate/gate.js";
import { ManualClock } from "../../src/testing/manual-clock.js";

type Step =
  | {
      readonly do: "observe" | "observeAfresh";
      readonly user: number;
      readonly abortAfterMs?: number | undefined;
    }
  | { readonly do: "advance"; readonly ms: number }
  | { readonly do: "close"; readonly user: number };

interface Check {
  /** Position in the order of all calls and starts of checks. */
  readonly startedAs: number;
  readonly atMs: number;
}

interface Ending {
  readonly afterMs: number;
  readonly fails: boolean;
  readonly opens: boolean;
}

const users = fc.nat({ max: 2 });

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("observe" as const, "observeAfresh" as const),
      user: users,
      abortAfterMs: fc.option(fc.nat({ max: 3000 }), { nil: undefined }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("advance" as const), ms: fc.nat({ max: 2500 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("close" as const), user: users }) },
);

/** How one check of the gate ends: after a while, with an observation or an error. Over 2 s it is cut off. */
const ending: fc.Arbitrary<Ending> = fc.record({
  afterMs: fc.nat({ max: 3000 }),
  fails: fc.boolean(),
  opens: fc.boolean(),
});

test("never two checks at a time, no observation older than asked for, nothing left after close", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 25 }),
      fc.infiniteStream(ending),
      fc.tuple(...[1, 2, 3].map(() => fc.integer({ min: 100, max: 8000 }))),
      async (steps, endings, intervals) => {
        const clock = new ManualClock();
        const registry = createGateRegistry();
        const checks = new Map<number, Check>();
        const settled: Promise<unknown>[] = [];
        let order = 0;
        let running = 0;
        let most = 0;
        let lastId = 0;

        const nextEnding = (): Ending => {
          const next: IteratorResult<Ending, unknown> = endings.next();
          return next.done === true ? { afterMs: 0, fails: false, opens: true } : next.value;
        };
        const gate: KeyedGate = {
          name: "random",
          [GATE_KEY]: "random",
          async check(options) {
            running += 1;
            most = Math.max(most, running);
            const id = ++lastId;
            checks.set(id, { startedAs: ++order, atMs: clock.elapsed() });
            const { afterMs, fails, opens } = nextEnding();
            try {
              const signal = options?.abortSignal;
              await clock.sleep(afterMs, signal instanceof AbortSignal ? signal : undefined);
              if (fails) throw new Error(`custom:${id}`);
              const reason = `custom:${id}` as const;
              return opens
                ? { state: "open", reason, observedAt: clock.now() }
                : { state: "closed", reason, permanent: false, observedAt: clock.now() };
            } finally {
              running -= 1;
            }
          },
        };
        /** The check behind an observation; one that was cut off does not say. */
        const checkOf = (observation: GateObservation): Check | undefined => {
          const id = /custom:(\d+)/u.exec(`${observation.reason} ${observation.detail ?? ""}`)?.[1];
          return id === undefined ? undefined : checks.get(Number(id));
        };
        const watches = intervals.map((pollIntervalMs) =>
          watchGate(gate, { pollIntervalMs }, { clock, random: () => 0.7, registry }),
        );
        const watchOf = (user: number): GateWatch | undefined => watches[user];

        const ask = async (
          user: number,
          kind: "observe" | "observeAfresh",
          signal: AbortSignal,
        ): Promise<void> => {
          const calledAs = ++order;
          const calledAtMs = clock.elapsed();
          let observation: GateObservation | undefined;
          try {
            observation = await watchOf(user)?.[kind](signal);
          } catch {
            return;
          }
          const check = observation === undefined ? undefined : checkOf(observation);
          if (check === undefined) return;
          if (kind === "observeAfresh") expect(check.startedAs).toBeGreaterThan(calledAs);
          // The one that was running may have started up to the time limit of our own gates ago.
          else expect(check.atMs).toBeGreaterThanOrEqual(calledAtMs - 2500);
        };

        for (const next of steps) {
          if (next.do === "advance") await clock.advance(next.ms);
          else if (next.do === "close") watchOf(next.user)?.close();
          else {
            const control = new AbortController();
            const { abortAfterMs } = next;
            if (abortAfterMs !== undefined) {
              settled.push(clock.sleep(abortAfterMs).then(() => control.abort("enough")));
            }
            settled.push(ask(next.user, next.do, control.signal));
          }
        }
        for (const watch of watches) watch.close();
        await clock.advance(3000);
        await Promise.all(settled);
        expect(clock.pending).toBe(0);
        expect(running).toBe(0);
        expect(most).toBe(1);
        expect(registry.watchers.size).toBe(0);
      },
    ),
    { numRuns: 150 },
  );
});

test("without anybody asking, checks start at least a second apart", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(ending, { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 3000 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      async (endings, pollIntervalMs, chance) => {
        const clock = new ManualClock();
        const starts: number[] = [];
        const watch = watchGate(
          {
            name: "random",
            async check() {
              const { afterMs, fails, opens } = endings[starts.length % endings.length]!;
              starts.push(clock.elapsed());
              await clock.sleep(Math.min(afterMs, 1999));
              if (fails) throw new Error("x");
              const seen = { reason: "custom:x", observedAt: clock.now() } as const;
              return opens ? { state: "open", ...seen } : { state: "closed", permanent: false, ...seen };
            },
          },
          { pollIntervalMs },
          { clock, random: () => chance, registry: createGateRegistry() },
        );
        await clock.advance(20_000);
        watch.close();
        const gaps = starts.slice(1).map((at, index) => at - starts[index]!);
        expect(Math.min(...gaps)).toBeGreaterThanOrEqual(1000);
        expect(Math.max(...gaps)).toBeLessThanOrEqual(3000);
      },
    ),
    { numRuns: 40 },
  );
});
