import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { setMaxListeners } from "node:events";
import { plainAddress, splitTarget } from "./exchange.js";
import type { Outcome, Reply, SimulatedRequest } from "./exchange.js";
import type { FaultScript } from "./fault-script.js";
import { answerWithFaults } from "./faults.js";
import type { FaultTarget } from "./faults.js";
import { readBody } from "./read-body.js";
import { recordedFields, recordedHeaders } from "./redact-request.js";
import type { Answerer, OpenRecord, RequestLog } from "./request-log.js";
import type { SimulatedTime } from "./simulated-time.js";

/** Who answers a connection. */
export interface Responder<Part extends string = Answerer> {
  readonly name: Part;
  /** Largest body it takes; longer ones are answered with 413. Without it bodies are thrown away. */
  readonly maxBodyBytes?: number;
  faultTargets(request: SimulatedRequest): readonly FaultTarget[];
  answer(request: SimulatedRequest): Promise<Reply>;
}

export interface ExchangeServerOptions<Part extends string = Answerer> {
  readonly log: RequestLog<Part>;
  readonly faults: FaultScript;
  readonly time: SimulatedTime;
}

/** Who answers on a socket, and what is to be reset where a fault resets it: the connection below, where it is TLS. */
interface Connection<Part extends string> {
  readonly responder: Responder<Part>;
  readonly transport: Socket;
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
export class ExchangeServer<Part extends string = Answerer> {
  readonly #options: ExchangeServerOptions<Part>;
  readonly #server: Server;
  readonly #connections = new WeakMap<Socket, Connection<Part>>();
  readonly #running = new Set<AbortController>();

  constructor(options: ExchangeServerOptions<Part>) {
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

  accept(socket: Socket, responder: Responder<Part>, transport: Socket = socket): void {
    this.#connections.set(socket, { responder, transport });
    this.#server.emit("connection", socket);
  }

  responderOf(socket: Socket): Part | undefined {
    return this.#connections.get(socket)?.responder.name;
  }

  close(): void {
    for (const controller of this.#running) controller.abort();
  }

  async #exchange(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const connection = this.#connections.get(incoming.socket);
    if (connection === undefined) return;
    const { responder, transport } = connection;
    const controller = new AbortController();
    setMaxListeners(0, controller.signal);
    this.#running.add(controller);
    const ended = new Promise<void>((resolve) => {
      response.once("close", () => {
        controller.abort();
        resolve();
      });
    });
    let record: OpenRecord<Part> | undefined;
    try {
      const { maxBodyBytes } = responder;
      // An unread body would block the connection.
      if (maxBodyBytes === undefined) incoming.resume();
      const body = maxBodyBytes === undefined ? "" : await readBody(incoming, maxBodyBytes);
      if (incoming.socket.destroyed) return;
      const request: SimulatedRequest = {
        method: incoming.method ?? "GET",
        ...splitTarget(incoming.url ?? "/"),
        headers: incoming.headers,
        body: body ?? "",
        sourceAddress: plainAddress(incoming.socket.remoteAddress),
        signal: controller.signal,
      };
      record = this.#record(request, responder, incoming.socket, response);
      const outcome = body === undefined ? TOO_LARGE : await this.#outcome(request, responder);
      if (!controller.signal.aborted) send(outcome, response, record, incoming, transport);
      await ended;
    } catch (error) {
      // The client left, or the part that answers stopped. Anything else is a defect of the simulator, to be seen.
      if (!controller.signal.aborted && !incoming.socket.destroyed && record !== undefined)
        send(defect(error), response, record, incoming, transport);
    } finally {
      this.#running.delete(controller);
    }
  }

  async #outcome(request: SimulatedRequest, responder: Responder<Part>): Promise<Outcome> {
    const drawn = this.#options.faults.draw(responder.faultTargets(request), request);
    if (drawn === undefined) return { kind: "reply", reply: await responder.answer(request) };
    const context = { request, time: this.#options.time, released: drawn.released };
    return await answerWithFaults(drawn.faults, context, async () => await responder.answer(request));
  }

  #record(
    request: SimulatedRequest,
    responder: Responder<Part>,
    socket: Socket,
    response: ServerResponse,
  ): OpenRecord<Part> {
    const { time, log } = this.#options;
    const { method, path, headers, sourceAddress, body } = request;
    const isForm = body !== "" && headers["content-type"]?.startsWith("application/x-www-form-urlencoded");
    const record = log.add({
      answeredBy: responder.name,
      at: time.now(),
      method,
      path,
      query: recordedFields(request.query),
      ...(isForm === true ? { form: recordedFields(new URLSearchParams(body)) } : {}),
      headers: recordedHeaders(headers),
      sourceAddress,
      socketId: socketId(socket),
    });
    // Ahead of the one that aborts the request, so that whoever is told of that finds the record complete.
    response.prependOnceListener("close", () => {
      record.endedAt = time.now();
      if (record.outcome === "pending") record.outcome = response.writableFinished ? "ended" : "aborted";
    });
    return record;
  }
}

const text = { "Content-Type": "text/plain; charset=utf-8" };

const TOO_LARGE: Outcome = {
  kind: "reply",
  reply: { status: 413, headers: text, body: "The body is larger than the simulator takes\n" },
};

function defect(error: unknown): Outcome {
  const body = `The simulator failed: ${error instanceof Error ? error.message : String(error)}\n`;
  return { kind: "reply", reply: { status: 500, headers: text, body } };
}

function send(
  outcome: Outcome,
  response: ServerResponse,
  record: OpenRecord<string>,
  incoming: IncomingMessage,
  transport: Socket,
): void {
  if (outcome.kind === "reset") {
    record.outcome = "cut";
    transport.resetAndDestroy();
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
    if (outcome.end === "reset") transport.resetAndDestroy();
    else transport.destroy();
  });
}
