import { untilAborted, type AbortSignalLike } from "../abort.js";
import type { Clock } from "../clock.js";
import type { GateObservation, KeyedGate } from "./gate.js";
import type { NmiHealth } from "./nmi-health.js";
import type { ProxyReadiness } from "./proxy-readiness.js";
import type { RouteProbeResult } from "./route-probe.js";

/** What gates look at, and what they see there. */
export interface Sights {
  readonly health: NmiHealth;
  readonly readiness: ProxyReadiness;
  readonly route: RouteProbeResult;
}

/** Sends a request and says what was seen. Rejects with `signal.reason` only. */
export type Looking<T> = (signal: AbortSignal) => Promise<T>;

/** How long a look serves those who do not ask for a new one: one request a second and URL, whoever looks. */
const RECENT_MS = 1000;

/** Places of each kind that are kept; a process looks at two or three. */
const MAX_PLACES = 100;

interface Look {
  readonly number: number;
  /** Monotonic milliseconds. */
  readonly startedAt: number;
}

interface SharedLook<T> extends Look {
  readonly seen: Promise<T>;
  readonly stop: AbortController;
  users: number;
  done: boolean;
}

/** One URL. Its last look, on its way or answered, serves every gate that it is new enough for. */
class Place<T> {
  readonly #looking: Looking<T>;
  #last: SharedLook<T> | undefined;

  constructor(looking: Looking<T>) {
    this.#looking = looking;
  }

  async look(view: View, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const look = this.#last !== undefined && view.serves(this.#last) ? this.#last : this.#begin(view);
    view.use(look);
    look.users += 1;
    try {
      return await untilAborted(look.seen, signal);
    } finally {
      look.users -= 1;
      if (look.users === 0 && !look.done) this.#giveUp(look, signal.reason);
    }
  }

  #begin(view: View): SharedLook<T> {
    const stop = new AbortController();
    const seen = this.#looking(stop.signal);
    const look: SharedLook<T> = { ...view.next(), seen, stop, users: 0, done: false };
    this.#last = look;
    seen.then(
      () => (look.done = true),
      () => undefined, // nobody waits for it any more
    );
    return look;
  }

  /** The last one who waited has gone. */
  #giveUp(look: SharedLook<T>, reason: unknown): void {
    if (this.#last === look) this.#last = undefined;
    look.stop.abort(reason);
  }
}

/** The places that the gates of one process look at, so that two gates of one node ask it once. */
export class Looks {
  readonly #places: { readonly [K in keyof Sights]: Map<string, Place<Sights[K]>> } = {
    health: new Map(),
    readiness: new Map(),
    route: new Map(),
  };
  /** Looks begun so far. */
  count = 0;

  /** The place at `url`; who names it first says how it is looked at. */
  at<K extends keyof Sights>(kind: K, url: string, looking: Looking<Sights[K]>): Place<Sights[K]> {
    const places: Map<string, Place<Sights[K]>> = this.#places[kind];
    const place = places.get(url) ?? new Place(looking);
    places.set(url, place);
    for (const oldest of places.keys()) {
      if (places.size <= MAX_PLACES) break;
      places.delete(oldest);
    }
    return place;
  }
}

/** What one check of a gate may see: looks that begin after it did, and for a poll also those of the last second. */
export class View {
  readonly #looks: Looks;
  readonly #clock: Clock;
  readonly #before: number;
  readonly #fresh: boolean;
  #startedAt = Infinity;

  constructor(looks: Looks, clock: Clock, { fresh }: { readonly fresh: boolean }) {
    this.#looks = looks;
    this.#clock = clock;
    this.#before = looks.count;
    this.#fresh = fresh;
  }

  /** When the oldest look began that was used, in monotonic milliseconds; `Infinity` before the first. */
  get startedAt(): number {
    return this.#startedAt;
  }

  async look<K extends keyof Sights>(
    kind: K,
    url: string,
    looking: Looking<Sights[K]>,
    signal: AbortSignal,
  ): Promise<Sights[K]> {
    return await this.#looks.at(kind, url, looking).look(this, signal);
  }

  serves({ number, startedAt }: Look): boolean {
    if (number > this.#before) return true;
    // Added, as the watcher adds when it sets its timer: by rounding, a difference could call that poll too early for ever.
    return !this.#fresh && this.#clock.elapsed() < startedAt + RECENT_MS;
  }

  use({ startedAt }: Look): void {
    this.#startedAt = Math.min(this.#startedAt, startedAt);
  }

  next(): Look {
    this.#looks.count += 1;
    return { number: this.#looks.count, startedAt: this.#clock.elapsed() };
  }
}

/** A gate of this library that sees what the others see; without a view it looks for itself. */
export interface LookingGate extends KeyedGate {
  check(options?: { abortSignal?: AbortSignalLike; view?: View }): Promise<GateObservation>;
}
