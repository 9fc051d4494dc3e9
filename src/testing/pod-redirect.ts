import type { Socket } from "node:net";
import { Listener } from "./listener.js";
import type { MigrationProxy } from "./proxy.js";

/**
 * The rule that the proxy's init container makes in the network namespace of its pod: it leads connections to the metadata
 * address to the proxy before they reach the node, and so comes before NMI's.
 */
export class PodRedirect {
  readonly #changed: () => Promise<void>;
  /** What a connection meets that the rule leaves alone. */
  readonly #route: (socket: Socket) => void;
  #proxy: MigrationProxy | undefined;
  #unwatch: (() => void) | undefined;
  #pastRule: Listener | undefined;

  constructor(changed: () => Promise<void>, route: (socket: Socket) => void) {
    this.#changed = changed;
    this.#route = route;
  }

  get proxy(): MigrationProxy | undefined {
    return this.#proxy;
  }

  async set(proxy: MigrationProxy | undefined, host: string): Promise<void> {
    // The proxy's own requests, told apart by its user ID, are not redirected.
    if (proxy !== undefined) this.#pastRule ??= await Listener.start(host, 0, this.#route);
    this.#unwatch?.();
    this.#proxy = proxy;
    this.#unwatch = proxy?.watch(this.#changed);
    await this.#changed();
  }

  /** Takes a connection where there is a rule. */
  accept(socket: Socket): boolean {
    if (this.#proxy === undefined) return false;
    if (this.#proxy.listening) this.#proxy.redirect(socket, this.#pastRule?.url ?? "");
    else socket.resetAndDestroy();
    return true;
  }

  async close(): Promise<void> {
    this.#unwatch?.();
    this.#proxy = undefined;
    await this.#pastRule?.close();
  }
}
