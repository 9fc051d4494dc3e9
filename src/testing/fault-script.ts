import type { IncomingHttpHeaders } from "node:http";
import type { SimulatedRequest } from "./exchange.js";
import type { Fault, FaultTarget } from "./faults.js";
import type { SimulatedTime } from "./simulated-time.js";

/**
 * What a matcher of faults may look at.
 *
 * @public
 */
export interface FaultRequest {
  readonly method: string;
  /** As sent, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly sourceAddress: string;
}

/** @public */
export interface FaultOptions {
  /** Which requests to the target; default all. */
  readonly match?: ((request: FaultRequest) => boolean) | undefined;
  /** How many requests, for `next`. Default 1. */
  readonly times?: number | undefined;
  /** For how long from now, in simulated milliseconds, for `always`. Default until cleared. */
  readonly untilMs?: number | undefined;
}

/** @public */
export interface FaultHandle {
  /** Requests that met the fault. */
  readonly used: number;
  /** Lets held requests go on, and later ones pass the hold. */
  release(): void;
  /** Takes the fault back, and releases what it holds. */
  cancel(): void;
}

interface ScriptedFault {
  readonly target: FaultTarget;
  readonly faults: readonly Fault[];
  readonly match: (request: FaultRequest) => boolean;
  readonly endsAt: number;
  readonly released: Promise<void>;
  readonly release: () => void;
  remaining: number;
  used: number;
}

/** Faults that met one request. */
export interface DrawnFault {
  readonly faults: readonly Fault[];
  readonly released: Promise<void>;
}

/**
 * Which requests go wrong, and how. One-time faults come first, in the order given; then the latest standing one.
 *
 * @public
 */
export class FaultScript {
  readonly #time: SimulatedTime;
  #once: ScriptedFault[] = [];
  #standing: ScriptedFault[] = [];
  /** Faults that requests are meeting now: a one-time one is in no list any more, but may hold its request. */
  readonly #met = new Map<AbortSignal, ScriptedFault>();

  /** @internal */
  constructor(time: SimulatedTime) {
    this.#time = time;
  }

  /** The next request to `target` (the next `times`) meets `fault`; several faults apply together, the first outermost. */
  next(target: FaultTarget, fault: Fault | readonly Fault[], options: FaultOptions = {}): FaultHandle {
    const scripted = this.#script(target, fault, { ...options, untilMs: undefined }, options.times ?? 1);
    this.#once.push(scripted);
    return this.#handle(scripted);
  }

  /** Every request to `target` meets `fault`, until `untilMs` from now or until cleared. */
  always(target: FaultTarget, fault: Fault | readonly Fault[], options: FaultOptions = {}): FaultHandle {
    const scripted = this.#script(target, fault, options, Infinity);
    this.#standing.unshift(scripted);
    return this.#handle(scripted);
  }

  /** Ends all faults, or those of one target, and releases what they hold. */
  clear(target?: FaultTarget): void {
    for (const scripted of [...this.#once, ...this.#standing, ...this.#met.values()]) {
      if (target === undefined || scripted.target === target) this.#cancel(scripted);
    }
  }

  /** Lets all held requests go on; their faults stay in force without the hold. */
  release(): void {
    for (const { release } of [...this.#once, ...this.#standing, ...this.#met.values()]) release();
  }

  /** Faults in force. */
  get count(): number {
    this.#expire();
    return this.#once.length + this.#standing.length;
  }

  /** @internal What this request meets, and counts it. */
  draw(targets: readonly FaultTarget[], request: SimulatedRequest): DrawnFault | undefined {
    this.#expire();
    const scripted = [...this.#once, ...this.#standing].find(
      ({ target, match }) => targets.includes(target) && match(request),
    );
    if (scripted === undefined) return undefined;
    scripted.used += 1;
    scripted.remaining -= 1;
    if (scripted.remaining <= 0) this.#once = this.#once.filter((other) => other !== scripted);
    this.#met.set(request.signal, scripted);
    request.signal.addEventListener("abort", () => this.#met.delete(request.signal), { once: true });
    return { faults: scripted.faults, released: scripted.released };
  }

  #script(
    target: FaultTarget,
    fault: Fault | readonly Fault[],
    options: FaultOptions,
    remaining: number,
  ): ScriptedFault {
    const { promise: released, resolve: release } = withResolvers();
    return {
      target,
      faults: "kind" in fault ? [fault] : fault,
      match: options.match ?? (() => true),
      endsAt: this.#time.elapsed() + (options.untilMs ?? Infinity),
      released,
      release,
      remaining,
      used: 0,
    };
  }

  #handle(scripted: ScriptedFault): FaultHandle {
    return {
      get used() {
        return scripted.used;
      },
      release: scripted.release,
      cancel: () => this.#cancel(scripted),
    };
  }

  #cancel(scripted: ScriptedFault): void {
    scripted.release();
    this.#once = this.#once.filter((other) => other !== scripted);
    this.#standing = this.#standing.filter((other) => other !== scripted);
  }

  #expire(): void {
    const elapsed = this.#time.elapsed();
    for (const scripted of this.#standing) if (scripted.endsAt <= elapsed) this.#cancel(scripted);
  }
}

// `Promise.withResolvers` is not in Node.js 20.
function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
