import { markup, type Markup } from "./markup.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** `12 s`, `3 min`, `5 h 12 min`, `3 days`. */
export function durationWords(ms: number): string {
  if (ms < MINUTE_MS) return `${Math.max(0, Math.floor(ms / 1000))} s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`;
  if (ms >= 2 * DAY_MS) return `${Math.floor(ms / DAY_MS)} days`;
  const minutes = Math.floor((ms % HOUR_MS) / MINUTE_MS);
  return `${Math.floor(ms / HOUR_MS)} h${minutes === 0 ? "" : ` ${minutes} min`}`;
}

/** `just now` where it is hardly past: the page itself is up to 5 s old. */
export function agoWords(at: number, now: number): string {
  return now - at < 5_000 ? "just now" : `${durationWords(now - at)} ago`;
}

/** Without the date where it is today's: `12:03:10 UTC`. Any number of a gate of somebody else's is taken. */
export function utcWords(at: number, now: number): string {
  const date = isoTime(at);
  const time = `${date.slice(11, 19)} UTC`;
  return date.slice(0, 10) === isoTime(now).slice(0, 10) ? time : `${date.slice(0, 10)} ${time}`;
}

/** A point in time, as people and programs read it. */
export function timeElement(at: number, now: number): Markup {
  return markup`<time datetime="${isoTime(at)}">${utcWords(at, now)}</time>`;
}

/** What a date can hold (ECMA-262, Time Values and Time Range). */
const LAST_MS = 8_640_000_000_000_000;

function isoTime(at: number): string {
  return new Date(Math.abs(at) <= LAST_MS ? at : 0).toISOString();
}
