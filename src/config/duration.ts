/** Units in the order in which they must appear, with their length in milliseconds. */
const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
];

const FORM = new RegExp(`^${UNITS.map(([unit]) => `(?:(\\d+(?:\\.\\d+)?)${unit})?`).join("")}$`, "u");

/** Far more than any duration needs; it keeps the work on a hostile value small. */
const MAX_LENGTH = 40;

/**
 * Reads a duration such as `80s`, `800ms`, `1m20s`, `2h` or `1.5s`.
 *
 * @returns milliseconds, rounded to a whole number; `undefined` for anything else, a number without a unit included.
 */
export function parseDuration(text: string): number | undefined {
  const trimmed = text.trim();
  if (trimmed === "" || trimmed.length > MAX_LENGTH) return undefined;
  const amounts = FORM.exec(trimmed)?.slice(1);
  if (amounts === undefined) return undefined;
  const ms = UNITS.reduce((sum, [, unitMs], index) => sum + Number(amounts[index] ?? 0) * unitMs, 0);
  return Math.round(ms);
}

/**
 * Writes milliseconds the way {@link parseDuration} reads them: 80,000 is `1m20s`, 800 is `800ms`, 0 is `0s`.
 * Fractions of a millisecond are rounded. What is no duration, such as `NaN` or -1, is written as a plain number.
 */
export function formatDuration(ms: number): string {
  const whole = Math.round(ms);
  if (!Number.isFinite(whole) || whole < 0) return String(ms);
  let rest = whole;
  let text = "";
  for (const [unit, unitMs] of UNITS) {
    const amount = Math.floor(rest / unitMs);
    rest -= amount * unitMs;
    if (amount > 0) text += `${amount}${unit}`;
  }
  return text === "" ? "0s" : text;
}
