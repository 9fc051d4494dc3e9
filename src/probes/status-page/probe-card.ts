import { PROBE_NAMES } from "../../health/health-report.js";
import type { HealthSnapshot } from "../../health/health-snapshot.js";
import type { ProbeSpell } from "../probe-log.js";
import { Axis } from "./axis.js";
import { markup, type Markup } from "./markup.js";
import { PROBE_WORDS, probeLanes } from "./probe-lanes.js";
import { timeline } from "./timeline.js";

/** What the kubelet, or whoever asks, was answered. Pure. */
export function probeCard(
  spells: readonly ProbeSpell[],
  snapshots: readonly HealthSnapshot[],
  now: number,
): Markup {
  const picture = timeline("the probe answers", probeLanes(spells, new Axis(now)));
  return markup`<div class="card">
    <h2 id="probes-title">Probe answers</h2>
    ${spells.length === 0 ? markup`<p>Nobody has asked for ten minutes.</p>` : undefined}
    ${unexplained(spells, snapshots, now)}
    ${picture}
  </div>`;
}

/** An answer older than this says nothing of now: the kubelet asks every 10 s unless told otherwise. */
const FRESH_MS = 30_000;

/** A probe that fails while all credentials are well: this page knows only credentials. */
function unexplained(
  spells: readonly ProbeSpell[],
  snapshots: readonly HealthSnapshot[],
  now: number,
): Markup | undefined {
  const probe = PROBE_NAMES.find((name) => {
    const last = spells.findLast((spell) => spell.probe === name);
    const recent = last?.passed === false && now - last.until < FRESH_MS;
    return recent && snapshots.every(({ probes, since }) => probes[name] && since < last.until);
  });
  if (probe === undefined) return undefined;
  const path = { startup: "/startupz", ready: "/readyz", live: "/livez" }[probe];
  return markup`<p>${PROBE_WORDS[probe]} fails though every credential is well: a check of the application's own fails. <code>${path}?verbose</code> says which.</p>`;
}
