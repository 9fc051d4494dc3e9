import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fastClock, managedInstance, portsOf } from "./managed-world.js";
import { Plane } from "./plane.js";
import { always, RUNS, TIMEOUT_MS } from "./runs.js";
import { phase, type Phase } from "./schedule.js";

const SCOPE = "https://vault.azure.net/.default";

interface Caller {
  readonly at: number;
  readonly abortAfterMs: number;
}

interface Outcome {
  readonly at: number;
  readonly token: boolean;
}

const callers: fc.Arbitrary<readonly Caller[]> = fc.array(
  fc.record({ at: fc.integer({ min: 0, max: 8_000 }), abortAfterMs: fc.integer({ min: 0, max: 12_000 }) }),
  { minLength: 1, maxLength: 5 },
);

const phases = fc.array(phase, { minLength: 1, maxLength: 4 });

/** Without tokens of a few minutes, which are refreshed in the background once nobody waits. */
const settled = phases.filter((each) => !each.some(({ answer }) => /minutes|short/u.test(answer)));

/** Without answers that ask for patience: a new caller, whose budget owes it an attempt soon, cuts such waits short. */
const unthrottled = phases.filter((each) => !each.some(({ answer }) => /429|410|retry-after/u.test(answer)));

/** Callers that all lose patience; a patient one too where `patientAt` says when it comes. */
async function live(given: readonly Phase[], impatient: readonly Caller[], patientAt?: number) {
  const clock = fastClock();
  const plane = new Plane(clock, given);
  const { credential } = managedInstance({}, portsOf(clock, plane, [0.5]));
  let patient: Outcome | undefined;
  const events = impatient.flatMap(({ at, abortAfterMs }) => {
    const control = new AbortController();
    return [
      {
        at,
        act: () => void credential.getToken(SCOPE, { abortSignal: control.signal }).catch(() => undefined),
      },
      { at: at + abortAfterMs, act: () => control.abort() },
    ];
  });
  if (patientAt !== undefined) {
    // First of its moment, since it was there before those who leave.
    events.unshift({
      at: patientAt,
      act: () =>
        void credential.getToken(SCOPE).then(
          () => (patient = { at: clock.elapsed(), token: true }),
          () => (patient = { at: clock.elapsed(), token: false }),
        ),
    });
  }
  for (const { at, act } of events.sort((a, b) => a.at - b.at)) {
    await clock.advance(at - clock.elapsed());
    act();
    await turn();
  }
  return { clock, plane, credential, requestsThen: plane.requests.length, patient: () => patient };
}

describe("when callers abort,", () => {
  it("no attempt starts after the last of them has left", { timeout: TIMEOUT_MS }, async () => {
    await always(
      fc.tuple(settled, callers),
      async ([given, impatient]) => {
        const { clock, plane, credential, requestsThen } = await live(given, impatient);
        await clock.advance(90_000);
        expect(plane.requests.length).toBe(requestsThen);
        await credential.close();
      },
      { runs: Math.ceil(RUNS / 3) },
    );
  });

  it(
    "the attempt in flight lands in the cache, where the next caller finds its token",
    { timeout: TIMEOUT_MS },
    async () => {
      await always(
        fc.tuple(fc.integer({ min: 1, max: 14_000 }), callers),
        async ([latencyMs, impatient]) => {
          const good: Phase = { ms: 0, health: "active", route: "nmi", answer: "right", latencyMs };
          const { clock, plane, credential, requestsThen } = await live([good], impatient);
          fc.pre(requestsThen > 0);
          await clock.advance(15_000);
          await credential.getToken(SCOPE);
          expect(plane.requests.length).toBe(requestsThen);
          await credential.close();
        },
        { runs: Math.ceil(RUNS / 3) },
      );
    },
  );

  it(
    "one who was there before them and stays is served as if they had never come",
    { timeout: TIMEOUT_MS },
    async () => {
      await always(
        fc.tuple(unthrottled, callers),
        async ([given, impatient]) => {
          const outcomes = await Promise.all(
            [impatient, []].map(async (others) => {
              const { clock, credential, patient } = await live(given, others, 0);
              await clock.advance(80_000 - clock.elapsed());
              await credential.close();
              return patient();
            }),
          );
          expect(outcomes[0]).toBeDefined();
          expect(outcomes[0]).toEqual(outcomes[1]);
        },
        { runs: Math.ceil(RUNS / 3) },
      );
    },
  );
});
