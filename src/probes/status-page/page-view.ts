import type { HealthSnapshot } from "../../health/health-snapshot.js";
import type { ProbeSpell } from "../probe-log.js";
import { credentialCard } from "./credential-card.js";
import { tabIcon } from "./drawings.js";
import { announcementOf, headlineCard, headlineOf } from "./headline.js";
import { markup } from "./markup.js";
import { probeCard } from "./probe-card.js";
import { utcWords } from "./time-words.js";

/** What the page is made of. */
export interface PageFacts {
  readonly snapshots: readonly HealthSnapshot[];
  readonly spells: readonly ProbeSpell[];
  /** Whether the whole process was drained. */
  readonly drained: boolean;
}

/** The changing parts of the page at one moment. */
export interface PageView {
  readonly title: string;
  /** Address of the tab's icon. */
  readonly icon: string;
  /** For screen readers; changes with the states only. */
  readonly announcement: string;
  /** The time that it shows, in words. */
  readonly at: string;
  /** HTML by the id of its section, in the order of the page. */
  readonly sections: ReadonlyMap<string, string>;
}

/** A process with more credentials than these has a leak, and its page must stay readable. */
const SHOWN = 50;

/** The page as it follows from what is known. Pure. */
export function viewPage({ snapshots, spells, drained }: PageFacts, now: number): PageView {
  const headline = headlineOf(snapshots, drained);
  const places = snapshots
    .slice(0, SHOWN)
    .map((snapshot, index) => ({ snapshot, id: `credential-${index + 1}` }));
  const left = snapshots.length - places.length;
  const sections = new Map([
    ["headline", headlineCard(headline, snapshots, places)],
    ...places.map(({ id, snapshot }) => [id, credentialCard(snapshot, id, now)] as const),
    ...(left <= 0
      ? []
      : [
          [
            "more",
            markup`<p class="card" id="more-title">${left} more credentials are not shown.</p>`,
          ] as const,
        ]),
    ["probes", probeCard(spells, snapshots, now)],
  ]);
  return {
    title: `${headline.word} · azure-identity-guard`,
    icon: tabIcon(headline.tone),
    announcement: announcementOf(snapshots),
    at: utcWords(now, now),
    sections: new Map([...sections].map(([id, { text }]) => [id, text])),
  };
}

/** What has to be sent to who saw `before`. */
export interface PageChanges {
  readonly title: string;
  readonly icon: string;
  readonly announcement: string;
  readonly at: string;
  /** All sections, in order. */
  readonly order: readonly string[];
  /** HTML of the sections that are not as they were. */
  readonly sections: Readonly<Record<string, string>>;
}

/** The difference of two views; `undefined` where there is none. Of nothing, everything. */
export function changesBetween(before: PageView | undefined, after: PageView): PageChanges | undefined {
  const { title, icon, announcement, at } = after;
  const changed = [...after.sections].filter(([id, html]) => before?.sections.get(id) !== html);
  // What the other fields say shows in the headline, but for names, which the cards show.
  const same = changed.length === 0 && before?.sections.size === after.sections.size;
  if (same) return undefined;
  return {
    title,
    icon,
    announcement,
    at,
    order: [...after.sections.keys()],
    sections: Object.fromEntries(changed),
  };
}
