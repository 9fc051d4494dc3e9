import fc from "fast-check";

const asked = Number(process.env["PROPERTY_RUNS"] ?? 400);

/** Schedules that each property is tried with. `PROPERTY_RUNS` says how many, 400 by default. */
export const RUNS: number = Number.isInteger(asked) && asked > 0 ? asked : 1_000;

/** Vitest gives a property this long, on a machine that may be shared: 60 s, and 120 ms more for each schedule. */
export const TIMEOUT_MS: number = 60_000 + 120 * RUNS;

/** One seed for the whole run, so that properties which share schedules meet the same ones. */
export const SEED: number = Number(process.env["FC_SEED"] ?? Math.trunc(Math.random() * 2 ** 31));

/**
 * Tries `holds` with random values. A failure names the seed, the path and the smallest value found; `FC_SEED` and
 * `FC_PATH` bring it back.
 */
export async function always<T>(
  values: fc.Arbitrary<T>,
  holds: (value: T) => Promise<void> | void,
  options: { readonly runs?: number } = {},
): Promise<void> {
  const path = process.env["FC_PATH"];
  await fc.assert(
    fc.asyncProperty(values, async (value) => await holds(value)),
    {
      numRuns: options.runs ?? RUNS,
      seed: SEED,
      ...(path === undefined ? {} : { path }),
      endOnFailure: false,
      interruptAfterTimeLimit: TIMEOUT_MS - 5_000,
      markInterruptAsFailure: true,
      reporter: report,
    },
  );
}

function report<T>(details: fc.RunDetails<T>): void {
  if (!details.failed) return;
  const { seed, counterexamplePath, numRuns, numShrinks } = details;
  const again = `FC_SEED=${seed} FC_PATH=${counterexamplePath ?? ""}`;
  const value = JSON.stringify(details.counterexample, null, 1);
  const error = details.errorInstance;
  const said = error instanceof Error ? (error.stack ?? error.message) : String(error);
  throw new Error(
    `Fails after ${numRuns} runs and ${numShrinks} shrinks; again with ${again}\n${value}\n${said}`,
  );
}
