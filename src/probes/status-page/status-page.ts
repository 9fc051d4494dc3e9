import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../../clock.js";
import { send } from "../probe-handler.js";
import type { ProbeLog } from "../probe-log.js";
import type { ProbeSubject } from "../target.js";
import { LiveUpdates } from "./live-updates.js";
import { PAGE_HEADERS, pageDocument } from "./page-document.js";
import { changesBetween, viewPage, type PageView } from "./page-view.js";

/** What the page shows. */
export interface StatusPageSource {
  readonly subject: ProbeSubject;
  readonly log: ProbeLog;
  readonly clock: Clock;
}

const PATHS: readonly string[] = ["/", "/events"];
const TEXT = {
  "content-type": "text/plain; charset=utf-8",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};

/** Where nothing happens, the timeline moves on only so often: it would be sent each second. */
const STEP_MS = 5_000;

/** The status page and its live updates, for the probe server. Makes no upstream request: it shows what is known. */
export class StatusPage {
  readonly #source: StatusPageSource;
  readonly #updates: LiveUpdates;
  #last: { readonly view: PageView; readonly now: number } | undefined;

  constructor(source: StatusPageSource) {
    this.#source = source;
    this.#updates = new LiveUpdates({ clock: source.clock, view: () => this.#view() });
  }

  /** Answers `/` and `/events`; `false` where the request is for neither. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const { method = "GET", url = "/" } = request;
    const [path = ""] = url.split("?", 1);
    if (!PATHS.includes(path)) return false;
    const head = method === "HEAD";
    if (method !== "GET" && !head) {
      const headers = { ...TEXT, allow: "GET, HEAD" };
      send(response, { status: 405, headers, body: "only GET and HEAD\n" }, false);
      return true;
    }
    try {
      if (path === "/") this.#page(response, head);
      else this.#events(response, head);
    } catch {
      // A monitor of the application's own may throw; its error may hold anything.
      if (response.headersSent) response.destroy();
      else send(response, { status: 500, headers: TEXT, body: "the status page failed\n" }, head);
    }
    return true;
  }

  /** Ends the live updates of all browsers; they come back to whoever listens here next. */
  close(): void {
    this.#updates.close();
  }

  #page(response: ServerResponse, head: boolean): void {
    send(response, { status: 200, headers: PAGE_HEADERS, body: pageDocument(this.#view()) }, head);
  }

  #events(response: ServerResponse, head: boolean): void {
    if (!this.#updates.hasRoom) {
      const headers = { ...TEXT, "retry-after": "10" };
      const body = "too many browsers show the live status page of this process; reload / instead\n";
      send(response, { status: 503, headers, body }, head);
    } else if (head) {
      const headers = { ...TEXT, "content-type": "text/event-stream; charset=utf-8" };
      send(response, { status: 200, headers, body: "" }, true);
    } else this.#updates.add(response);
  }

  /** The page as it is now; where nothing happened, as it was up to 5 s ago. */
  #view(): PageView {
    const { subject, log, clock } = this.#source;
    const now = clock.now();
    const facts = { snapshots: subject.snapshots(), spells: log.list(now), drained: subject.isDrained() };
    const last = this.#last;
    if (last !== undefined && now >= last.now && now - last.now < STEP_MS) {
      const still = viewPage(facts, last.now);
      if (changesBetween(last.view, still) === undefined) return last.view;
    }
    const view = viewPage(facts, now);
    this.#last = { view, now };
    return view;
  }
}
