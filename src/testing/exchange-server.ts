import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { setMaxListeners } from "node:events";
import { plainAddress, splitTarget } from "./exchange.js";
import type { Outcome, Reply, SimulatedRequest } from "./exchange.js";
import type { FaultScript } from "./fault-script.js";
import { answerWithFaults } from "./faults.js";
import type { FaultTarget } from "./faults.js";
import type { Answerer, OpenRecord, RequestLog } from "./request-log.js";
import type { SimulatedTime } from "./simulated-time.js";

/** Who answers a connection. */
export interface Responder {
  readonly name: Answerer;
  readonly faultTargets: readonly FaultTarget[];
  answer(request: SimulatedRequest): Promise<Reply>;
}

export interface ExchangeServerOptions {
  readonly log: RequestLog;
  readonly faults: FaultScript;
  readonly time: SimulatedTime;
}

let sockets = 0;
const socketIds = new WeakMap<Socket, number>();

function socketId(socket: Socket): number {
  const id = socketIds.get(socket) ?? ++sockets;
  socketIds.set(socket, id);
  return id;
}

/**
 * Answers HTTP on connections handed to it, each by one responder for its whole life: the kernel translates the address
 * of a connection when it is opened, and never again (conntrack).
 */
export class ExchangeServer {
  readonly #options: ExchangeServerOptions;
  readonly #server: Server;
  readonly #responders = new WeakMap<Socket, Responder>();
  readonly #running = new Set<AbortController>();

  constructor(options: ExchangeServerOptions) {
    this.#options = options;
    // Go's server, which NMI is, has no time limits unless told to; it never listens, so it needs no closing either.
    this.#server = createServer(
      { keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 },
      (request, response) => {
        void this.#exchange(request, response);
      },
    );
    this.#server.keepAliveTimeout = 0;
  }

  accept(socket: Socket, responder: Responder): void {
    this.#responders.set(socket, responder);
    this.#server.emit("connection", socket);
  }

  responderOf(socket: Socket): Answerer | undefined {
    return this.#responders.get(socket)?.name;
  }

  close(): void {
    for (const controller of this.#running) controller.abort();
  }

  async #exchange(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const responder = this.#responders.get(incoming.socket);
    if (responder === undefined) return;
    const controller = new AbortController();
    setMaxListeners(0, controller.signal);
    this.#running.add(controller);
    const request: SimulatedRequest = {
      method: incoming.method ?? "GET",
      ...splitTarget(incoming.url ?? "/"),
      headers: incoming.headers,
      sourceAddress: plainAddress(incoming.socket.remoteAddress),
      signal: controller.signal,
    };
    const record = this.#record(request, responder, incoming);
    const ended = new Promise<void>((resolve) => {
      response.once("close", () => {
        record.endedAt = this.#options.time.now();
        if (record.outcome === "pending") record.outcome = response.writableFinished ? "ended" : "aborted";
        controller.abort();
        resolve();
      });
    });
    // Bodies mean nothing here, and an unread one would block the connection.
    incoming.resume();
    try {
      const outcome = await this.#outcome(request, responder);
      if (!controller.signal.aborted) send(outcome, response, record, incoming);
      await ended;
    } catch (error) {
      // The client left, or the part that answers stopped. Anything else is a defect of the simulator, to be seen.
      if (!controller.signal.aborted && !incoming.socket.destroyed)
        send(defect(error), response, record, incoming);
    } finally {
      this.#running.delete(controller);
    }
  }

  async #outcome(request: SimulatedRequest, responder: Responder): Promise<Outcome> {
    const drawn = this.#options.faults.draw(responder.faultTargets, request);
    if (drawn === undefined) return { kind: "reply", reply: await responder.answer(request) };
    const context = { request, time: this.#options.time, released: drawn.released };
    return await answerWithFaults(drawn.faults, context, async () => await responder.answer(request));
  }

  #record(request: SimulatedRequest, responder: Responder, incoming: IncomingMessage): OpenRecord {
    const { method, path, headers, sourceAddress } = request;
    return this.#options.log.add({
      answeredBy: responder.name,
      at: this.#options.time.now(),
      method,
      path,
      query: Object.fromEntries(request.query),
      headers,
      sourceAddress,
      socketId: socketId(incoming.socket),
    });
  }
}

function defect(error: unknown): Outcome {
  const body = `The simulator failed: ${error instanceof Error ? error.message : String(error)}\n`;
  return {
    kind: "reply",
    reply: { status: 500, headers: { "Content-Type": "text/plain; charset=utf-8" }, body },
  };
}

function send(
  outcome: Outcome,
  response: ServerResponse,
  record: OpenRecord,
  incoming: IncomingMessage,
): void {
  const { socket } = incoming;
  if (outcome.kind === "reset") {
    record.outcome = "cut";
    socket.resetAndDestroy();
    return;
  }
  const { status, headers, body } = outcome.reply;
  record.status = status;
  // Neither Go nor IMDS announces what HTTP/1.1 implies; Node.js would.
  response.removeHeader("connection");
  const closing = incoming.headers.connection?.toLowerCase() === "close" ? { Connection: "close" } : {};
  response.writeHead(status, { ...headers, "Content-Length": Buffer.byteLength(body), ...closing });
  if (outcome.kind === "reply") {
    response.end(body);
    return;
  }
  record.outcome = "cut";
  response.flushHeaders();
  response.write(Buffer.from(body).subarray(0, outcome.sentBytes), () => {
    if (outcome.end === "reset") socket.resetAndDestroy();
    else socket.destroy();
  });
}
