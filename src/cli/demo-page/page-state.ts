import type { Service } from "../demo-events.js";

/** How something is meant: `good` and `bad` are said in words as well. */
export type PageTone = "good" | "bad" | "wait" | "idle";

/** What one service got for one resource. */
export interface PageRow {
  /** Name of the resource. */
  readonly name: string;
  readonly tone: PageTone;
  readonly words: string;
}

export interface PageSide {
  readonly tone: PageTone;
  /** The service in one sentence. */
  readonly headline: string;
  /** What it knows of the node. */
  readonly gate: string;
  readonly rows: readonly PageRow[];
}

export interface PageLogLine {
  readonly number: number;
  /** Time of day, UTC. */
  readonly time: string;
  readonly who: string;
  readonly tone: PageTone;
  readonly words: string;
}

/** All that the page shows and changes, as the browser gets it. Holds no token. */
export interface PageState {
  readonly node: readonly PageRow[];
  readonly sides: Readonly<Record<Service, PageSide>>;
  /** For screen readers; changes when something changes that a person wants to hear of. */
  readonly announcement: string;
  /** The newest first. */
  readonly log: readonly PageLogLine[];
}
