import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";

export interface StreamEvent {
  readonly event: string;
  readonly data: string;
}

/** A browser's end of a stream of events. */
export class EventStream {
  readonly #response: IncomingMessage;
  readonly #events: StreamEvent[] = [];
  readonly #waiting: ((event: StreamEvent) => void)[] = [];
  readonly ended: Promise<void>;
  #text = "";

  private constructor(response: IncomingMessage) {
    this.#response = response;
    this.ended = new Promise((resolve) => response.once("close", resolve));
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => this.#take(chunk));
    response.on("error", () => undefined);
  }

  static async open(url: string): Promise<EventStream> {
    const request = get(`${url}/events`);
    const [response] = (await once(request, "response")) as [IncomingMessage];
    return new EventStream(response);
  }

  get status(): number {
    return this.#response.statusCode ?? 0;
  }

  get headers(): IncomingMessage["headers"] {
    return this.#response.headers;
  }

  /** Events that came and that nobody has taken. */
  get pending(): readonly StreamEvent[] {
    return this.#events;
  }

  async next(): Promise<StreamEvent> {
    const event = this.#events.shift();
    return event ?? (await new Promise((resolve) => this.#waiting.push(resolve)));
  }

  /** The data of the next event, whose name must be `sections`. */
  async nextChanges(): Promise<{
    readonly title: string;
    readonly announcement: string;
    readonly order: readonly string[];
    readonly sections: Readonly<Record<string, string>>;
  }> {
    const { event, data } = await this.next();
    if (event !== "sections") throw new Error(`This is no change: ${event}`);
    return JSON.parse(data) as Awaited<ReturnType<EventStream["nextChanges"]>>;
  }

  close(): void {
    this.#response.destroy();
  }

  #take(chunk: string): void {
    this.#text += chunk;
    const messages = this.#text.split("\n\n");
    this.#text = messages.pop() ?? "";
    for (const message of messages) {
      const fields = new Map(
        message
          .split("\n")
          .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
      );
      const data = fields.get("data");
      if (data === undefined) continue;
      const event = { event: fields.get("event") ?? "message", data };
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#events.push(event);
      else waiting(event);
    }
  }
}
