import type { Clock } from "../../clock.js";
import type { NodeSimulator } from "../../testing/node-simulator.js";
import type { DemoEvent, Service } from "../demo-events.js";
import { nodeRows } from "./node-rows.js";
import { PageLog } from "./page-log.js";
import type { PageState } from "./page-state.js";
import { announcementWords, WHO_WORDS } from "./page-words.js";
import { SideTally } from "./side-tally.js";

/** What the page shows, from the node, the services' events and the buttons. */
export class PageModel {
  readonly #node: NodeSimulator;
  readonly #clock: Pick<Clock, "now">;
  readonly #log: PageLog;
  readonly #sides: Readonly<Record<Service, SideTally>>;

  constructor(node: NodeSimulator, clock: Pick<Clock, "now">) {
    this.#node = node;
    this.#clock = clock;
    this.#log = new PageLog(() => clock.now());
    const principals = { pod: node.identity, node: node.imds.systemAssigned ?? node.identity };
    this.#sides = { plain: new SideTally(principals), guarded: new SideTally(principals) };
  }

  /** Takes what a service reports. */
  readonly report = (event: DemoEvent): void => {
    const { who } = event;
    if (who === "node" || event.type === "request") return;
    const said = this.#sides[who].take(event);
    if (said !== undefined) this.#log.add(WHO_WORDS[who], said.tone, said.words);
  };

  readonly servicesChanged = (change: "restarting" | "started"): void => {
    for (const side of Object.values(this.#sides)) side[change]();
  };

  /** Somebody pressed a button. */
  pressed(label: string): void {
    this.#log.add(WHO_WORDS.you, "idle", label);
  }

  state(): PageState {
    const now = this.#clock.now();
    const { plain, guarded } = this.#sides;
    return {
      node: nodeRows(this.#node),
      sides: { plain: plain.view(now), guarded: guarded.view(now) },
      announcement: announcementWords(plain.wrong, guarded.wrong),
      log: this.#log.lines,
    };
  }
}
