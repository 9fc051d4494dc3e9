import type { IncomingHttpHeaders } from "node:http";

/**
 * Parts of the simulated node that answer requests.
 *
 * @public
 */
export type Answerer = "nmi" | "imds" | "health";

/**
 * A request that arrived, and what became of it. No token, assertion or secret is in it: answers are not recorded but for
 * their status, and what a request has of those reads `REDACTED`.
 *
 * @public
 */
export interface RecordedRequest<Part extends string = Answerer> {
  /** 1 for the first request of the simulator. */
  readonly id: number;
  readonly answeredBy: Part;
  /** Milliseconds since the Unix epoch, by the simulator's clock. */
  readonly at: number;
  readonly method: string;
  /** As sent, without the query. */
  readonly path: string;
  /** The last value of each parameter. */
  readonly query: Readonly<Record<string, string>>;
  /** The last value of each field of a posted form; absent where there was none. */
  readonly form?: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  readonly sourceAddress: string;
  /** The same for all requests of one connection. */
  readonly socketId: number;
  /** Status sent; absent while there is none. */
  readonly status?: number;
  /**
   * `pending`: not answered yet; `ended`: answered in full; `cut`: a fault ended it; `aborted`: the connection was gone
   * first, because the client left or the part that answers stopped.
   */
  readonly outcome: "pending" | "ended" | "cut" | "aborted";
  /** Milliseconds since the Unix epoch; absent while pending. */
  readonly endedAt?: number;
}

/** The same while the request runs; readers see it change. */
export type OpenRecord<Part extends string = Answerer> = {
  -readonly [K in keyof RecordedRequest<Part>]: RecordedRequest<Part>[K];
};

interface Waiter<Part extends string> {
  readonly match: (request: RecordedRequest<Part>) => boolean;
  readonly found: (request: RecordedRequest<Part>) => void;
  readonly gone: (reason: Error) => void;
}

/** Records requests, the last `limit` of them. */
export class RequestLog<Part extends string = Answerer> {
  readonly #limit: number;
  readonly #records: OpenRecord<Part>[] = [];
  readonly #waiters = new Set<Waiter<Part>>();
  #count = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get records(): readonly RecordedRequest<Part>[] {
    return this.#records;
  }

  add(request: Omit<OpenRecord<Part>, "id" | "outcome">): OpenRecord<Part> {
    const record: OpenRecord<Part> = { id: ++this.#count, outcome: "pending", ...request };
    this.#records.push(record);
    if (this.#records.length > this.#limit) this.#records.shift();
    for (const waiter of this.#waiters) {
      if (!waiter.match(record)) continue;
      this.#waiters.delete(waiter);
      waiter.found(record);
    }
    return record;
  }

  /** The next request to arrive that `match` accepts. Rejects when the simulator closes. */
  async next(match: (request: RecordedRequest<Part>) => boolean): Promise<RecordedRequest<Part>> {
    return await new Promise((found, gone) => this.#waiters.add({ match, found, gone }));
  }

  close(): void {
    for (const { gone } of this.#waiters)
      gone(new Error("The simulator was closed while a request was awaited"));
    this.#waiters.clear();
  }
}
