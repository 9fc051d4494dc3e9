import type { ProbeName } from "../../health/health-report.js";
import type { HealthSnapshot } from "../../health/health-snapshot.js";
import { causeOf } from "./cause.js";
import { icon } from "./drawings.js";
import { counted } from "./event-words.js";
import { cut, markup, type Markup } from "./markup.js";
import { STATE_WORDS, toneOf, worstOf, type Tone } from "./state-words.js";

/** What is said of the whole process. */
export interface Headline {
  readonly tone: Tone;
  readonly word: string;
  /** After the word and a colon; absent where all is said. */
  readonly reason?: string;
}

/** The state of the process: that of its worst credential. Pure. */
export function headlineOf(snapshots: readonly HealthSnapshot[], drained: boolean): Headline {
  const worst = worstOf(snapshots);
  if (worst === undefined) {
    return drained
      ? { tone: "idle", word: STATE_WORDS.drained.word }
      : { tone: "idle", word: "No credential", reason: "nothing is guarded in this process yet" };
  }
  const { short } = causeOf(worst);
  const alike = snapshots.filter(({ state }) => state === worst.state).length;
  const whose =
    snapshots.length === 1 || worst.state === "ready" ? "" : ` (${alike} of ${snapshots.length} credentials)`;
  const reason = `${short ?? ""}${whose}`.trim();
  return {
    tone: toneOf(worst),
    word: STATE_WORDS[worst.state].word,
    ...(reason === "" ? {} : { reason }),
  };
}

/** Where a reader goes on from the headline. */
export interface Place {
  readonly id: string;
  readonly snapshot: HealthSnapshot;
}

/** The headline with what follows from it, and the way to each of several credentials. */
export function headlineCard(
  { tone, word, reason }: Headline,
  snapshots: readonly HealthSnapshot[],
  places: readonly Place[],
): Markup {
  return markup`<div class="headline ${tone}">
    ${icon(tone)}
    <div>
      <h1 id="headline-title">${word}${reason === undefined ? undefined : markup`<span>: ${reason}</span>`}</h1>
      ${snapshots.length === 0 ? NOBODY : markup`<p>${consequence(snapshots)}</p>`}
    </div>
  </div>
  ${places.length < 2 ? undefined : markup`<nav aria-label="Credentials"><ul>${places.map(link)}</ul></nav>`}`;
}

function link({ id, snapshot }: Place): Markup {
  const tone = toneOf(snapshot);
  return markup`<li><a href="#${id}" class="badge ${tone}">${icon(tone)}${cut(snapshot.name, 80)}: ${STATE_WORDS[snapshot.state].word}</a></li>`;
}

const NOBODY: Markup = markup`<p>Make one with <code>new DefaultAzureCredential()</code> of <code>azure-identity-guard</code>, or put <code>guard()</code> around one. If the application has done so, guarding is off: set <code>HOST_IP</code> (downward API, <code>status.hostIP</code>) for the NMI gate, or <code>AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID</code> to say whose tokens are right.</p>`;

/** What Kubernetes makes of it. */
function consequence(snapshots: readonly HealthSnapshot[]): string {
  const passes = (probe: ProbeName): boolean => snapshots.every(({ probes }) => probes[probe]);
  if (!passes("live")) return "The liveness probe fails: Kubernetes restarts the container.";
  if (!passes("startup"))
    return "The startup probe fails: Kubernetes waits, sends no work, and restarts nothing yet.";
  if (!passes("ready"))
    return "The readiness probe fails: Kubernetes sends no new work here, and restarts nothing.";
  return "All probes pass: Kubernetes sends work here.";
}

/** What a screen reader is told when a state changes: names and states only, so that it stays silent otherwise. */
export function announcementOf(snapshots: readonly HealthSnapshot[]): string {
  if (snapshots.length === 0) return "There is no guarded credential.";
  const good = snapshots.filter(({ state }) => state === "ready").length;
  const bad = snapshots.filter(({ state }) => state !== "ready");
  const told = bad.slice(0, 5).map(({ name, state }) => `${cut(name, 80)}: ${STATE_WORDS[state].word}.`);
  return `${good} of ${counted(snapshots.length, "credential")} ready. ${told.join(" ")}`.trim();
}
