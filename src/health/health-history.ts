import type { GuardEvent } from "./guard-events.js";

const HISTORY_MS = 600_000;
const HISTORY_LENGTH = 500;

/** Events that tell how things stand until the next one of their kind. */
const LASTING = ["gate", "change"] as const;

/** Events that are kept at most, beside those from before. */
export const EVENTS_KEPT: number = HISTORY_LENGTH - LASTING.length;

/** The events of the last ten minutes, bounded, after those that say how things stood when they began. */
export class HealthHistory {
  #events: GuardEvent[] = [];
  readonly #before = new Map<GuardEvent["type"], GuardEvent>();
  /** The list as it was given last, while it still holds: probes ask far more often than anything happens. */
  #listed: readonly GuardEvent[] | undefined;

  add(event: GuardEvent): void {
    this.#events.push(event);
    this.#listed = undefined;
    this.#trim(event.at);
  }

  /** Oldest first. */
  list(now: number): readonly GuardEvent[] {
    this.#trim(now);
    this.#listed ??= Object.freeze([
      ...[...this.#before.values()].sort((a, b) => a.at - b.at),
      ...this.#events,
    ]);
    return this.#listed;
  }

  #trim(now: number): void {
    const fresh = this.#events.findIndex((event) => event.at > now - HISTORY_MS);
    const old = fresh === -1 ? this.#events.length : fresh;
    const count = Math.max(old, this.#events.length - EVENTS_KEPT);
    if (count <= 0) return;
    this.#listed = undefined;
    for (const event of this.#events.splice(0, count)) {
      if (LASTING.some((type) => type === event.type)) this.#before.set(event.type, event);
    }
  }
}
