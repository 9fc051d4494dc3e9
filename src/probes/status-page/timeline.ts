import { AXIS_ROW } from "./axis.js";
import type { Lane } from "./lanes.js";
import { markup, type Markup } from "./markup.js";

/**
 * Lanes above one axis. Its places are percentages and its texts HTML or unscaled, so that it fits a phone as it fits a desk.
 * To a screen reader it is one picture, summed up in words.
 */
export function timeline(of: string, lanes: readonly Lane[]): Markup {
  const spoken = `Timeline of the last ten minutes of ${of}. ${lanes.map((lane) => lane.spoken).join(" ")}`;
  return markup`<div class="timeline" role="img" aria-label="${spoken}">${lanes.map(drawLane)}${AXIS_ROW}</div>`;
}

function drawLane({ label, summary, drawing }: Lane): Markup {
  return markup`<div class="lane">
    <span class="label">${label} <small>${summary}</small></span>
    <svg class="track" height="28"><use href="#grid"/>${drawing}</svg>
  </div>`;
}
