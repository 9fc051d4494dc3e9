import type { HealthSnapshot } from "../../../src/health/health-snapshot.js";
import type { ProbeSpell } from "../../../src/probes/probe-log.js";
import { viewPage, type PageView } from "../../../src/probes/status-page/page-view.js";
import { NOW } from "./snapshots.js";

export function viewOf(
  snapshots: readonly HealthSnapshot[],
  over: { readonly spells?: readonly ProbeSpell[]; readonly drained?: boolean; readonly now?: number } = {},
): PageView {
  const { spells = [], drained = false, now = NOW } = over;
  return viewPage({ snapshots, spells, drained }, now);
}

/** HTML of one section. */
export function sectionOf(view: PageView, id: string): string {
  return view.sections.get(id) ?? `there is no section ${id}`;
}

/** What a reader sees of HTML: its text, on one line. */
export function textOf(html: string): string {
  return html
    .replace(/<[^>]+>/gu, " ")
    .replaceAll("&#39;", "'")
    .replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&")
    .replace(/\s+/gu, " ")
    .replace(/ ([.,:])/gu, "$1")
    .trim();
}

/** The text of a section. */
export function wordsOf(view: PageView, id: string): string {
  return textOf(sectionOf(view, id));
}
