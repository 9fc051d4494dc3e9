const given = process.env["SCENARIO_SCALE"] ?? "6";

/** What all times are divided by: 6 in the usual run, 1 at full length. */
export const SCALE: number = Number(given);
if (!(SCALE >= 1 && SCALE <= 20)) {
  throw new RangeError(`SCENARIO_SCALE is "${given}"; give a number from 1 to 20, 1 for full length`);
}

/** Real milliseconds for a scenario's seconds. */
export const scaledMs = (seconds: number, scale: number = SCALE): number =>
  Math.round((seconds * 1000) / scale);

/** Longest wait of one call, in real milliseconds. */
export const budgetMs = (scale: number = SCALE): number => scaledMs(80, scale);

/** The guard's own times, divided alike: its defaults shrink with the budget. */
export const scaledEnvironment = (scale: number = SCALE): Readonly<Record<string, string>> =>
  scale === 1 ? {} : { AZURE_IDENTITY_GUARD_RETRY_BUDGET: `${budgetMs(scale)}ms` };
