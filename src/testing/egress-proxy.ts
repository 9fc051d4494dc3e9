import { createServer } from "node:http";
import type { Server } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { listen, portOf, urlOf } from "./listen.js";

/** @public */
export interface EgressRoute {
  /** Default `127.0.0.1`. */
  readonly host?: string | undefined;
  readonly port: number;
}

const MAX_REFUSED = 1000;

/**
 * An HTTPS proxy that leads to simulators alone. It is how an application whose code and configuration name
 * `login.microsoftonline.com`, or a vault's real name, is tested as it is: with `HTTPS_PROXY` in its environment.
 *
 * @public
 */
export class EgressProxy {
  readonly #server: Server;
  readonly #host: string;
  readonly #routes = new Map<string, EgressRoute>();
  readonly #sockets = new Set<Duplex>();
  readonly #refused: string[] = [];

  /** @internal */
  constructor(host: string) {
    this.#host = host;
    this.#server = createServer((request, response) => {
      this.#refuse(request.url ?? "");
      response.writeHead(403, { "Content-Type": "text/plain" }).end("The simulator forwards HTTPS alone\n");
    });
    this.#server.on("connect", (request, socket, head) => this.#connect(request.url ?? "", socket, head));
  }

  /** @internal */
  async start(): Promise<void> {
    await listen(this.#server, this.#host, 0);
  }

  /** The value of `HTTPS_PROXY`. */
  get url(): string {
    return urlOf(this.#host, portOf(this.#server));
  }

  /** What was asked for and is no simulator, the last 1,000, as `host:port` or a URL. */
  get refused(): readonly string[] {
    return this.#refused;
  }

  /** Leads connections to port 443 of `hostName` to a server of the test's own, which needs a certificate for that name. */
  route(hostName: string, to: EgressRoute): void {
    this.#routes.set(`${hostName.toLowerCase()}:443`, to);
  }

  /** @internal */
  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise((closed) => this.#server.close(closed));
  }

  #connect(authority: string, client: Duplex, head: Buffer): void {
    this.#track(client);
    const route = this.#routes.get(authority.toLowerCase());
    if (route === undefined) {
      this.#refuse(authority);
      client.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      return;
    }
    const upstream: Socket = connect({ host: route.host ?? "127.0.0.1", port: route.port });
    this.#track(upstream);
    upstream.once("connect", () => {
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      upstream.write(head);
      client.pipe(upstream).pipe(client);
    });
    // One that ends takes the other along, a reset included: nothing is told through a proxy but the end.
    client.once("close", () => upstream.destroy());
    upstream.once("close", () => client.destroy());
  }

  #refuse(target: string): void {
    this.#refused.push(target);
    if (this.#refused.length > MAX_REFUSED) this.#refused.shift();
  }

  #track(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => this.#sockets.delete(socket));
  }
}
