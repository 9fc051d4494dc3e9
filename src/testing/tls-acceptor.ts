import type { Socket } from "node:net";
import { createServer } from "node:tls";
import type { Server } from "node:tls";
import type { ServerCertificate } from "./certificate-authority.js";

function peer({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? ""} ${remotePort ?? 0}`;
}

/**
 * Speaks TLS on connections that somebody else accepted, and hands on those whose handshake succeeds, each with the
 * connection below it.
 */
export class TlsAcceptor {
  readonly #server: Server;
  /** Node.js does not say which connection a TLS socket stands on; its peer does. */
  readonly #transports = new Map<string, Socket>();

  constructor(certificate: ServerCertificate, onSecure: (socket: Socket, transport: Socket) => void) {
    // Never listens. Clients that do not trust the certificate end the handshake, which is theirs to report.
    this.#server = createServer({ ...certificate, ALPNProtocols: ["http/1.1"] }, (socket) => {
      onSecure(socket, this.#transports.get(peer(socket)) ?? socket);
    });
  }

  accept(transport: Socket): void {
    const key = peer(transport);
    this.#transports.set(key, transport);
    transport.once("close", () => this.#transports.delete(key));
    this.#server.emit("connection", transport);
  }
}
