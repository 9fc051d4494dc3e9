import { get, type IncomingMessage } from "node:http";
import { createInterface, type Interface } from "node:readline";
import type { PageState } from "../../../src/cli/demo-page/page-state.js";

/** Reads the states that the page's server sends, as a browser does. */
export class EventReader implements AsyncDisposable {
  /** Everything that came. */
  text = "";
  readonly #response: IncomingMessage;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;

  private constructor(response: IncomingMessage) {
    this.#response = response;
    this.#reader = createInterface({ input: response });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  static async open(url: string): Promise<EventReader> {
    return await new Promise((resolve, reject) => {
      get(url, { agent: false }, (response) => resolve(new EventReader(response))).on("error", reject);
    });
  }

  /** The next state, as soon as it comes. */
  async next(): Promise<PageState> {
    for (;;) {
      const line = await this.#lines.next();
      if (line.done === true) throw new Error("The server ended the stream");
      const { value } = line;
      this.text += `${value}\n`;
      if (value.startsWith("data: ")) return JSON.parse(value.slice(6)) as PageState;
    }
  }

  /** The next state of which `holds` is true. */
  async until(holds: (state: PageState) => boolean): Promise<PageState> {
    for (;;) {
      const state = await this.next();
      if (holds(state)) return state;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#reader.close();
    this.#response.destroy();
    await Promise.resolve();
  }
}
