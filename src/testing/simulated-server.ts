import type { Socket } from "node:net";
import { systemClock } from "../clock.js";
import type { Clock } from "../clock.js";
import type { ServerCertificate } from "./certificate-authority.js";
import { ExchangeServer } from "./exchange-server.js";
import type { Responder } from "./exchange-server.js";
import { FaultScript } from "./fault-script.js";
import { urlOf } from "./listen.js";
import { Listener } from "./listener.js";
import { RequestLog } from "./request-log.js";
import type { RecordedRequest } from "./request-log.js";
import { simulatedTime } from "./simulated-time.js";
import type { SimulatedTime } from "./simulated-time.js";
import { TlsAcceptor } from "./tls-acceptor.js";

/** @public */
export interface SimulatedServerOptions {
  /** Time of everything that waits or expires. Default: the machine's. */
  readonly clock?: Clock | undefined;
  /** Factor on the times of faults and of propagation; the life of tokens is not scaled. Default 1. */
  readonly timeScale?: number | undefined;
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string | undefined;
  /** Default 0: a free port. */
  readonly port?: number | undefined;
  /** How many requests are kept. Default 10,000. */
  readonly maxRequests?: number | undefined;
}

const MAX_REQUESTS = 10_000;

/**
 * What the simulators that are one server have in common.
 *
 * @public
 */
export abstract class SimulatedServer<Part extends string> implements AsyncDisposable {
  /** Which requests go wrong, and how. */
  readonly faults: FaultScript;
  /** @internal */
  protected readonly time: SimulatedTime;
  readonly #options: SimulatedServerOptions;
  readonly #log: RequestLog<Part>;
  readonly #exchanges: ExchangeServer<Part>;
  #listener: Listener | undefined;
  #scheme: "http" | "https" = "http";

  /** @internal */
  protected constructor(options: SimulatedServerOptions) {
    this.#options = options;
    this.time = simulatedTime(options.clock ?? systemClock, options.timeScale ?? 1);
    this.faults = new FaultScript(this.time);
    this.#log = new RequestLog<Part>(options.maxRequests ?? MAX_REQUESTS);
    this.#exchanges = new ExchangeServer<Part>({ log: this.#log, faults: this.faults, time: this.time });
  }

  /** Where it listens: scheme, host and port. */
  get url(): string {
    return this.#listener === undefined ? "" : urlOf(this.#listener.host, this.#listener.port, this.#scheme);
  }

  /** Requests in the order of their arrival, the last `maxRequests`. The list lives: it grows, and entries change. */
  get requests(): readonly RecordedRequest<Part>[] {
    return this.#log.records;
  }

  /**
   * The next request to arrive, as soon as it does and before it is answered. Rejects when the simulator closes.
   */
  async nextRequest(
    match: (request: RecordedRequest<Part>) => boolean = () => true,
  ): Promise<RecordedRequest<Part>> {
    return await this.#log.next(match);
  }

  /** Ends everything: connections, held requests, timers, files. May be called twice. */
  async close(): Promise<void> {
    this.#exchanges.close();
    this.#log.close();
    await this.#listener?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** @internal Answers on a connection that somebody else accepted. */
  protected accept(socket: Socket, responder: Responder<Part>): void {
    this.#exchanges.accept(socket, responder);
  }

  /** @internal Ends its connections and refuses new ones, or accepts them again at the same address. */
  protected async setListening(listening: boolean): Promise<void> {
    if (!listening) for (const socket of this.#listener?.sockets ?? []) socket.destroy();
    await this.#listener?.setOpen(listening);
  }

  /** @internal Answers on connections to its address, over TLS where it has a certificate. */
  protected async listen(responder: Responder<Part>, certificate?: ServerCertificate): Promise<void> {
    const { host = "127.0.0.1", port = 0 } = this.#options;
    let accept = (socket: Socket): void => this.#exchanges.accept(socket, responder);
    if (certificate !== undefined) {
      this.#scheme = "https";
      const acceptor = new TlsAcceptor(certificate, (socket, transport) =>
        this.#exchanges.accept(socket, responder, transport),
      );
      accept = (socket) => acceptor.accept(socket);
    }
    this.#listener = await Listener.start(host, port, accept);
  }
}
