import type { Service } from "../demo-events.js";
import { SERVICES } from "../demo-events.js";
import type { ServiceProcess } from "../demo-processes.js";
import { PAGE_RESOURCES } from "./page-resources.js";

/** Both services, which come and go together. */
export class PageServices {
  readonly #start: (who: Service) => ServiceProcess;
  readonly #changed: (change: "restarting" | "started") => void;
  #running: ReadonlyMap<Service, ServiceProcess> = new Map();
  #needed = 0;
  #page: string | undefined;
  #restarting: Promise<void> | undefined;
  #stopped = false;

  constructor(
    start: (who: Service) => ServiceProcess,
    changed: (change: "restarting" | "started") => void = () => undefined,
  ) {
    this.#start = start;
    this.#changed = changed;
  }

  /** Where the guard's own status page is; `undefined` while there is none. */
  get guardPage(): string | undefined {
    return this.#page;
  }

  /** Starts both, in place of those that run. Rejects where one cannot be started. */
  async restart(): Promise<void> {
    this.#restarting ??= this.#restart().finally(() => (this.#restarting = undefined));
    await this.#restarting;
  }

  /** Both need one more token; nothing happens once they need all that there are. */
  needMore(): void {
    const next = PAGE_RESOURCES[this.#needed];
    if (next === undefined || this.#running.size === 0) return;
    this.#needed++;
    for (const service of this.#running.values()) service.ask(next.resource);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#end();
  }

  async #restart(): Promise<void> {
    this.#changed("restarting");
    await this.#end();
    if (this.#stopped) return;
    this.#needed = 0;
    const started = new Map(SERVICES.map((who) => [who, this.#start(who)] as const));
    this.#running = started;
    const ready = await Promise.all([...started.values()].map(async (each) => await each.ready));
    this.#page = ready.find(({ page }) => page !== undefined)?.page;
    this.#changed("started");
    this.needMore();
  }

  async #end(): Promise<void> {
    const ending = [...this.#running.values()];
    this.#running = new Map();
    this.#page = undefined;
    await Promise.all(ending.map(async (service) => await service.stop()));
  }
}
