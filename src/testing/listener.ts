import { createServer, connect } from "node:net";
import type { Server, Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { listen, portOf, urlOf } from "./listen.js";

const LISTEN_ATTEMPTS = 50;
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
  #anchor: Server | undefined;
  #reservation: Socket | undefined;
  #wanted = true;
  #work: Promise<void> = Promise.resolve();

  private constructor(host: string, onConnection: (socket: Socket) => void) {
    this.host = host;
    this.#onConnection = onConnection;
  }

  /** Listens. Port 0 takes a free one, which stays this listener's. */
  static async start(host: string, port: number, onConnection: (socket: Socket) => void): Promise<Listener> {
    const listener = new Listener(host, onConnection);
    listener.#port = port;
    await listener.#open();
    listener.#anchor = createServer((socket) => listener.#track(socket));
    // Only connected to by the reservation, from this address.
    await listen(listener.#anchor, host, 0);
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
      if (this.#wanted && this.#server === undefined) await this.#open();
    });
    await this.#work;
  }

  /** For good; ends all connections. */
  async close(): Promise<void> {
    // First, so that the port is not reserved once more.
    const anchor = this.#anchor;
    this.#anchor = undefined;
    await this.setOpen(false);
    this.#release();
    anchor?.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #open(): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#track(socket);
      this.#onConnection(socket);
    });
    for (let attempt = 1; ; attempt += 1) {
      try {
        await listen(server, this.host, this.#port);
        break;
      } catch (error) {
        // Real time: another process of this machine has the port, whatever the simulator's clock says.
        if (this.#port === 0 || attempt === LISTEN_ATTEMPTS || !isAddressInUse(error)) throw error;
        await delay(LISTEN_RETRY_MS);
      }
    }
    this.#port = portOf(server);
    this.#release();
    this.#server = server;
    if (!this.#wanted) this.#shut();
  }

  #shut(): void {
    if (this.#server === undefined) return;
    this.#server.close();
    this.#server = undefined;
    this.#reserve();
  }

  /**
   * While nothing listens, the port could be given to any other socket of the machine. A connection *from* it keeps it
   * taken: others are refused, and this listener may listen again, since both sockets have SO_REUSEADDR.
   */
  #reserve(): void {
    if (this.#anchor === undefined) return;
    const address = {
      host: this.host,
      port: portOf(this.#anchor),
      localAddress: this.host,
      localPort: this.#port,
    };
    const reservation = connect(address);
    // Without it, only the retries of #open() are left.
    reservation.on("error", () => undefined);
    reservation.unref();
    this.#reservation = reservation;
  }

  #release(): void {
    // A reset leaves nothing in TIME_WAIT.
    this.#reservation?.resetAndDestroy();
    this.#reservation = undefined;
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => this.#sockets.delete(socket));
  }
}
