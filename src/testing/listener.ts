import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { listen, portOf, urlOf } from "./listen.js";
import { PortLock } from "./port-lock.js";

const LISTEN_ATTEMPTS = 50;
const PORTS_TO_TRY = 200;
const LISTEN_RETRY_MS = 100;

function isAddressInUse(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EADDRINUSE";
}

/**
 * One address that can stop and start listening, so that clients meet a genuine ECONNREFUSED in between. Connections
 * outlive the listening, as a kernel's do.
 */
export class Listener {
  readonly host: string;
  readonly #onConnection: (socket: Socket) => void;
  readonly #sockets = new Set<Socket>();
  #port = 0;
  #server: Server | undefined;
  /** Where the port was left to this listener: it stays its own while nothing listens there. */
  #lock: PortLock | undefined;
  #wanted = true;
  #work: Promise<void> = Promise.resolve();

  private constructor(host: string, onConnection: (socket: Socket) => void) {
    this.host = host;
    this.#onConnection = onConnection;
  }

  /** Listens. Port 0 takes a free one, which stays this listener's. */
  static async start(host: string, port: number, onConnection: (socket: Socket) => void): Promise<Listener> {
    const listener = new Listener(host, onConnection);
    if (port === 0) await listener.#openAnywhere();
    else await listener.#open(port);
    return listener;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return urlOf(this.host, this.#port);
  }

  /** Connections open now. */
  get sockets(): ReadonlySet<Socket> {
    return this.#sockets;
  }

  /** Stops listening before it returns, and has started when the promise resolves. */
  async setOpen(open: boolean): Promise<void> {
    this.#wanted = open;
    if (!open) this.#shut();
    this.#work = this.#work.then(async () => {
      if (this.#wanted && this.#server === undefined) await this.#open(this.#port);
    });
    await this.#work;
  }

  /** For good; ends all connections. */
  async close(): Promise<void> {
    await this.setOpen(false);
    this.#lock?.release();
    this.#lock = undefined;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** On a port that nobody else has, nor another simulator while it is closed. */
  async #openAnywhere(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const lock = await PortLock.tryOne(this.host);
      if (lock === undefined && attempt < PORTS_TO_TRY) continue;
      try {
        // Without a lock, as a last resort, any port.
        await this.#open(lock?.port ?? 0, 1);
        this.#lock = lock;
        return;
      } catch (error) {
        lock?.release();
        if (!isAddressInUse(error) || attempt >= PORTS_TO_TRY) throw error;
      }
    }
  }

  async #open(port: number, attempts = LISTEN_ATTEMPTS): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#track(socket);
      this.#onConnection(socket);
    });
    for (let attempt = 1; ; attempt += 1) {
      try {
        await listen(server, this.host, port);
        break;
      } catch (error) {
        // Real time: another process of this machine has the port, whatever the simulator's clock says.
        if (attempt === attempts || !isAddressInUse(error)) throw error;
        await delay(LISTEN_RETRY_MS);
      }
    }
    this.#port = portOf(server);
    this.#server = server;
    if (!this.#wanted) this.#shut();
  }

  #shut(): void {
    this.#server?.close();
    this.#server = undefined;
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => this.#sockets.delete(socket));
  }
}
