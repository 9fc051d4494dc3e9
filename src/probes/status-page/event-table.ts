import type { HealthSnapshot } from "../../health/health-snapshot.js";
import { counted, eventWords } from "./event-words.js";
import { cut, markup, type Markup } from "./markup.js";
import { timeElement } from "./time-words.js";

const SHOWN = 50;

/** The newest events in words, for those who do not see the timeline or want to know more than it shows. */
export function eventTable({ history, details, name }: HealthSnapshot, now: number): Markup {
  const newest = history.slice(-SHOWN).reverse();
  const rows = newest.map((event) => {
    const { kind, what, detail } = eventWords(event, details);
    const more =
      detail === undefined ? undefined : markup` <span class="evidence">${cut(detail, 800)}</span>`;
    return markup`<tr><td>${timeElement(event.at, now)}</td><td><b>${kind}</b> ${what}${more}</td></tr>`;
  });
  const count = history.length > SHOWN ? `the newest ${SHOWN}` : counted(history.length, "event");
  return markup`<details>
    <summary>Events as a table <small>${count}</small></summary>
    <table>
      <caption class="unseen">Newest events of ${cut(name, 200)}, the newest first</caption>
      <thead><tr><th scope="col">Time</th><th scope="col">What happened</th></tr></thead>
      <tbody>${rows.length === 0 ? markup`<tr><td></td><td>Nothing has happened yet.</td></tr>` : rows}</tbody>
    </table>
  </details>`;
}
