import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";

/** Below every system's range for ports that it gives away by itself (Linux 32768, macOS and Windows 49152 and up). */
const FIRST_PORT = 16_384;
const LAST_PORT = 32_767;

/**
 * A TCP port of a simulator's own, also while nothing listens on it: the system gives nobody a port of this range by itself,
 * and the UDP port of the same number, which the lock holds, keeps other simulators of the machine away.
 *
 * A TCP socket cannot do it: one that listens accepts, and one that does not is passed over where SO_REUSEADDR is set,
 * as libuv does (measured: of 50,000 closed ports 6 were given to another process).
 */
export class PortLock {
  readonly port: number;
  readonly #socket: Socket;

  private constructor(port: number, socket: Socket) {
    this.port = port;
    this.#socket = socket;
  }

  /** A port that nobody has locked; `undefined` where the one that was tried is taken. */
  static async tryOne(host: string): Promise<PortLock | undefined> {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT + 1));
    const socket = createSocket({ type: isIPv6(host) ? "udp6" : "udp4", reuseAddr: false });
    return await new Promise((resolve) => {
      socket.once("error", () => {
        socket.close();
        resolve(undefined);
      });
      socket.bind({ port, address: host, exclusive: true }, () => {
        socket.unref();
        resolve(new PortLock(port, socket));
      });
    });
  }

  release(): void {
    this.#socket.close();
  }
}
