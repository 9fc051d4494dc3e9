import { PROBE_NAMES } from "../../health/health-report.js";
import type { GuardEvent } from "../../health/guard-events.js";
import type { HealthSnapshot } from "../../health/health-snapshot.js";
import { Axis } from "./axis.js";
import { causeOf, type Cause } from "./cause.js";
import { icon } from "./drawings.js";
import { eventTable } from "./event-table.js";
import { refusalWords } from "./failure-words.js";
import { gateCode } from "./gate-words.js";
import { contradiction, factList } from "./identity-facts.js";
import { attemptLane, gateLane, rejectionLane, stateLane, tokenLane } from "./lanes.js";
import { MARK_LEGEND } from "./marks.js";
import { cut, markup, type Markup } from "./markup.js";
import { PROBE_WORDS } from "./probe-lanes.js";
import { resourceWords } from "./resource-words.js";
import { STATE_WORDS, toneOf, type Tone } from "./state-words.js";
import { agoWords, timeElement } from "./time-words.js";
import { timeline } from "./timeline.js";
import { tokenTable } from "./token-table.js";

/** Everything about one credential. `id` is that of its section. Pure. */
export function credentialCard(snapshot: HealthSnapshot, id: string, now: number): Markup {
  const name = cut(snapshot.name, 200);
  const { since } = snapshot;
  const tone = toneOf(snapshot);
  const axis = new Axis(now);
  const lanes = [stateLane, gateLane, attemptLane, tokenLane, rejectionLane].map((lane) =>
    lane(snapshot, axis),
  );
  return markup`<div class="card ${tone}">
    <header class="top">
      <h2 id="${id}-title">${name}</h2>
      ${badge(tone, STATE_WORDS[snapshot.state].word)}
      <p class="since">since ${timeElement(since, now)}, ${agoWords(since, now)}</p>
    </header>
    ${part(explanation(causeOf(snapshot), tone))}
    ${part(rejectionNote(snapshot, now))}
    ${part(failureNote(snapshot))}
    ${facts(snapshot)}
    ${part(tokenTable(snapshot, now))}
    <h3>Last ten minutes</h3>
    ${timeline(name, lanes)}
    ${MARK_LEGEND}
    ${eventTable(snapshot, now)}
  </div>`;
}

/** What may be absent has a place of its own, so that the browser finds what comes after it where it was, open or focused. */
function part(content: Markup | undefined): Markup {
  return markup`<div class="part">${content}</div>`;
}

/** A state as a shape, a colour and a word. */
function badge(tone: Tone, word: string): Markup {
  return markup`<span class="badge ${tone}">${icon(tone)}${word}</span>`;
}

function explanation({ sentence, remedy, evidence }: Cause, tone: Tone): Markup {
  return markup`<p class="why">${sentence}</p>
    ${evidence === undefined ? undefined : markup`<p class="evidence">${cut(evidence, 1200)}</p>`}
    ${remedy === undefined ? undefined : markup`<div class="remedy ${tone}"><h3>What to do</h3><p>${remedy}</p></div>`}`;
}

/** The last token that was refused: what the guard is there for. */
function rejectionNote({ history, details }: HealthSnapshot, now: number): Markup | undefined {
  const event = history.findLast(
    (each): each is Extract<GuardEvent, { type: "rejected" }> => each.type === "rejected",
  );
  if (event === undefined) return undefined;
  return markup`<div class="rejection">
    <p><b>Token refused</b> at ${timeElement(event.at, now)}, ${agoWords(event.at, now)}: a token for ${resourceWords(event.key, details)} came, and ${refusalWords(event.reason)}. No caller has seen it.</p>
    ${details ? factList(contradiction(event)) : undefined}
  </div>`;
}

/** A request that failed in the background while all is well: worth knowing before the token in hand runs out. */
function failureNote(snapshot: HealthSnapshot): Markup | undefined {
  if (snapshot.state !== "ready") return undefined;
  const failed = snapshot.keys.find(({ lastFailure }) => lastFailure !== undefined);
  if (failed?.lastFailure === undefined) return undefined;
  const { meaning, remedy } = failed.lastFailure;
  return markup`<div class="remedy warn"><h3>Before the token runs out</h3><p>The last request for ${resourceWords(failed.key, snapshot.details)} failed. ${meaning} ${remedy}</p></div>`;
}

function facts({ probes, gate, gateName, waiters }: HealthSnapshot): Markup {
  const answers = PROBE_NAMES.map((probe) => probeChip(PROBE_WORDS[probe], probes[probe]));
  const about =
    gateName === undefined
      ? markup`none`
      : markup`${cut(gateName, 100)} is ${gate?.state ?? "not observed yet"}${gate === undefined ? undefined : markup` <code>${gateCode(gate.reason)}</code>`}`;
  return markup`<dl class="facts">
    <div><dt>Probes</dt><dd class="chips">${answers}</dd></div>
    <div><dt>Gate</dt><dd>${about}</dd></div>
    <div><dt>Callers waiting</dt><dd>${waiters === 0 ? "none" : waiters}</dd></div>
  </dl>`;
}

/** What a probe answers, as a shape, a colour and a word. */
function probeChip(name: string, passes: boolean): Markup {
  return markup`<span class="chip ${passes ? "good" : "bad"}">${icon(passes ? "good" : "bad")}${name} ${passes ? "passes" : "fails"}</span>`;
}
