import { trusted, type Markup } from "./markup.js";
import type { Tone } from "./state-words.js";

/** Stripes, dots and the like of two shades; the class says whose. */
const pattern = (id: string, tone: Tone, size: number, drawing: string): string =>
  `<pattern id="${id}" width="${size}" height="${size}" patternUnits="userSpaceOnUse">` +
  `<rect class="${tone}-1" width="${size}" height="${size}"/>${drawing.replaceAll("@", `${tone}-2`)}</pattern>`;

/** Lines that go on from tile to tile. */
const slope = (size: number): string =>
  `<path class="@ line" d="M-1 1l2-2M0 ${size}L${size} 0M${size - 1} ${size + 1}l2-2"/>`;

/** The shapes of the tones, 24 by 24: none is another one in another colour. */
const ICONS: Readonly<Record<Tone, string>> = {
  good: '<circle cx="12" cy="12" r="11"/><path class="in" d="M7 12.5l3.5 3.5L17 9"/>',
  wait: '<circle cx="12" cy="12" r="11"/><path class="in" d="M12 6v6.5l4 2.5"/>',
  warn: '<path d="M12 1.5L23.5 22H.5z"/><path class="in" d="M12 9v6M12 18v.6"/>',
  bad: '<path d="M7.5 1h9L23 7.5v9L16.5 23h-9L1 16.5v-9z"/><path class="in" d="M8 8l8 8M16 8l-8 8"/>',
  idle: '<rect x="1" y="1" width="22" height="22" rx="5"/><path class="in" d="M7.5 12h9"/>',
};

const icons = Object.entries(ICONS).map(
  ([tone, drawing]) => `<symbol id="icon-${tone}" viewBox="0 0 24 24">${drawing}</symbol>`,
);

/** Everything that drawings refer to, once for the page. */
export const DEFINITIONS: Markup = trusted(
  '<svg class="definitions" width="0" height="0" aria-hidden="true"><defs>' +
    pattern("shut-look", "bad", 8, slope(8)) +
    pattern("failing-look", "bad", 8, `${slope(8)}<path class="@ line" d="M0 0L8 8"/>`) +
    pattern("degraded-look", "warn", 12, slope(12)) +
    pattern("starting-look", "wait", 7, '<circle class="@" cx="3.5" cy="3.5" r="1.3"/>') +
    pattern("drained-look", "idle", 6, '<path class="@ line" d="M0 3h6"/>') +
    pattern("closed-look", "idle", 6, '<path class="@ line" d="M3 0v6"/>') +
    '<pattern id="unknown-look" width="6" height="6" patternUnits="userSpaceOnUse"><path d="M-1 1l2-2M0 6L6 0M5 7l2-2"/></pattern>' +
    '<g id="grid">' +
    [0, 20, 40, 60, 80, 100].map((x) => `<line x1="${x}%" x2="${x}%" y1="0" y2="100%"/>`).join("") +
    "</g>" +
    '<circle id="dot" class="mark good" r="4.5"/>' +
    '<path id="cross" class="mark bad line" d="M-4-4l8 8M4-4l-8 8"/>' +
    '<circle id="ring" class="mark idle line" r="4"/>' +
    '<path id="hollow" class="mark bad line" d="M0-5l5 5-5 5-5-5z"/>' +
    '<rect id="square" class="mark good" x="-4.5" y="-4.5" width="9" height="9" rx="1.5"/>' +
    '<path id="diamond" class="mark bad" d="M0-7l7 7-7 7-7-7z"/>' +
    icons.join("") +
    "</defs></svg>",
);

/** The shape of a tone; the word is beside it. */
export function icon(tone: Tone): Markup {
  return trusted(`<svg class="icon ${tone}" aria-hidden="true"><use href="#icon-${tone}"/></svg>`);
}

/** Colours of the tab's icon: it has no style sheet, and lies on a light tab as on a dark one. */
const TAB_COLOURS: Readonly<Record<Tone, string>> = {
  good: "#2a9d5f",
  wait: "#3b7dd8",
  warn: "#d08700",
  bad: "#d93a2f",
  idle: "#7b8794",
};

/** The icon of the tab, as an address that holds the picture itself. */
export function tabIcon(tone: Tone): string {
  const style = `<style>.in{fill:none;stroke:#fff;stroke-width:3}</style>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="${TAB_COLOURS[tone]}">${style}${ICONS[tone]}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
