/** What a test has started, to be ended in the reverse order. Node.js 20 has no `AsyncDisposableStack`. */
export class Owned implements AsyncDisposable {
  readonly #all: AsyncDisposable[] = [];

  own<T extends AsyncDisposable>(started: T): T {
    this.#all.push(started);
    return started;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.#all.splice(0).reverse()) await each[Symbol.asyncDispose]();
  }
}
