/** Gives the value of a header field, whose name is in lower case. */
type HeaderLookup = (name: string) => string | undefined;

interface RetryAfterRow {
  readonly name: string;
  readonly milliseconds: (value: string, now: number) => number | undefined;
}

/** In this order, as in the Azure SDK (`@typespec/ts-http-runtime` throttlingRetryStrategy.ts). */
const HEADERS: readonly RetryAfterRow[] = [
  { name: "retry-after-ms", milliseconds: (value) => wholeNumber(value) },
  { name: "x-ms-retry-after-ms", milliseconds: (value) => wholeNumber(value) },
  { name: "retry-after", milliseconds: secondsOrDate },
];

/**
 * How long the answer asks to wait, in milliseconds from now, at least 0; `undefined` where it does not ask, or not
 * in a form of RFC 9110, 10.2.3. `now` is milliseconds since the Unix epoch.
 */
export function retryAfterMs(header: HeaderLookup, now: number): number | undefined {
  for (const { name, milliseconds } of HEADERS) {
    const value = header(name)?.trim();
    const found = value === undefined ? undefined : milliseconds(value, now);
    if (found !== undefined) return found;
  }
  return undefined;
}

function secondsOrDate(value: string, now: number): number | undefined {
  const seconds = wholeNumber(value);
  if (seconds !== undefined) return seconds * 1000;
  // All forms of an HTTP date begin with the day of the week. `Date.parse` alone takes far more for a date.
  const at = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/u.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

function wholeNumber(value: string): number | undefined {
  return /^\d{1,12}$/u.test(value) ? Number(value) : undefined;
}
