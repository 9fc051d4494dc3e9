import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
} from "node:net";
import { onTestFinished } from "vitest";

export interface LocalServer {
  readonly url: string;
  readonly port: number;
  readonly requests: IncomingMessage[];
  readonly sockets: Set<Socket>;
  /** Sockets opened so far. */
  opened: number;
}

/** A server on loopback that lives as long as the test. */
export async function serve(listener: RequestListener): Promise<LocalServer> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    listener(request, response);
  });
  return await listen(server, requests);
}

/** A TCP server that answers with whatever `onSocket` writes. */
export async function serveRaw(onSocket: (socket: Socket) => void): Promise<LocalServer> {
  return await listen(createTcpServer(onSocket), []);
}

/** A port of loopback on which nobody listens. */
export async function unusedPort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function listen(server: Server | TcpServer, requests: IncomingMessage[]): Promise<LocalServer> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const local = { url: `http://127.0.0.1:${port}`, port, requests, sockets: new Set<Socket>(), opened: 0 };
  server.on("connection", (socket: Socket) => {
    local.opened += 1;
    local.sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => local.sockets.delete(socket));
  });
  onTestFinished(async () => {
    for (const socket of local.sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return local;
}

/** Resolves once `condition` holds; the test's own time limit is the only one. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
