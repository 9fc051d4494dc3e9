import type { Socket } from "node:net";
import {
  createHttpHeaders,
  RestError,
  type HttpClient,
  type PipelineRequest,
  type PipelineResponse,
} from "@azure/core-rest-pipeline";
import type { buildConnector, Client, Dispatcher } from "undici";
import { loadUndici, type Undici } from "./load-undici.js";

/** Most of an answer that is read; token responses of IMDS have about 2 KiB. */
export const MAX_BODY_BYTES: number = 64 * 1024;

/** `code` of the `RestError` for an answer with more than {@link MAX_BODY_BYTES}; `statusCode` is set. */
export const BODY_TOO_LARGE = "BODY_TOO_LARGE";

/** `code` of the `RestError` for an answer that broke off after its headers; `statusCode` is set. */
export const BODY_TRUNCATED = "BODY_TRUNCATED";

/** Header fields that this client sets itself, or whose effect (compressed answers) it does not undo. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "host",
  "content-length",
  "transfer-encoding",
  "accept-encoding",
]);

/**
 * An `HttpClient` for identity endpoints. Each request has a connection of its own, which is closed afterwards:
 * a connection that was opened before NMI's rule existed keeps going to IMDS for as long as it lives
 * (aad-pod-identity website, Configure/feature_flags.md, on conntrack).
 *
 * There is no proxy (`proxySettings`, `agent` and `HTTP_PROXY` are ignored, as IMDS demands), no redirect, no
 * decompression and no timeout but `abortSignal`, which destroys the socket and rejects with an `AbortError`.
 * Sockets do not keep the process alive. Bodies are text of at most 64 KiB; other failures are `RestError`s whose
 * `code` is Node's (`ECONNREFUSED` ...), {@link BODY_TOO_LARGE} or {@link BODY_TRUNCATED}.
 */
export async function createHttpClient(load: () => Promise<Undici> = loadUndici): Promise<HttpClient> {
  const undici = await load();
  return { sendRequest: async (request) => await send(request, undici) };
}

async function send(request: PipelineRequest, undici: Undici): Promise<PipelineResponse> {
  const { abortSignal } = request;
  if (abortSignal?.aborted === true) throw abortError();
  const url = new URL(request.url);
  const connection = openConnection(url, undici);
  let abort: (() => void) | undefined;
  try {
    const aborted = new Promise<never>((_resolve, reject) => {
      abort = () => reject(abortError());
      abortSignal?.addEventListener("abort", abort);
    });
    // undici tells a request about an abort only once it is connected, so the race is ours.
    return await Promise.race([exchange(connection, url, request), aborted]);
  } finally {
    if (abort !== undefined) abortSignal?.removeEventListener("abort", abort);
    connection.destroy();
  }
}

interface Connection {
  readonly client: Client;
  readonly undici: Undici;
  destroy(): void;
}

function openConnection(url: URL, undici: Undici): Connection {
  let socket: Socket | undefined;
  // The connector returns the socket, which its type does not say: without it, a connection that is still being made
  // could neither be cut nor be kept from holding the process.
  const connect: (options: buildConnector.Options, callback: buildConnector.Callback) => unknown =
    undici.buildConnector({ timeout: 0 });
  const client = new undici.Client(url.origin, {
    headersTimeout: 0,
    bodyTimeout: 0,
    pipelining: 1,
    connect: (options, callback) => {
      const opened = connect(options, callback);
      if (!isSocket(opened)) return;
      socket = opened;
      opened.unref();
      // A host name with several addresses gets a new handle for each one tried.
      opened.on("connectionAttempt", () => opened.unref());
    },
  });
  return {
    client,
    undici,
    destroy: () => {
      client.destroy(() => undefined);
      // Errors of a socket that nobody waits for any more are of no interest, but must be listened to.
      socket?.on("error", () => undefined).destroy();
    },
  };
}

function isSocket(value: unknown): value is Socket {
  return typeof value === "object" && value !== null && "unref" in value && "destroy" in value;
}

async function exchange(
  connection: Connection,
  url: URL,
  request: PipelineRequest,
): Promise<PipelineResponse> {
  const answer = await requestOn(connection, url, request);
  const headers = createHttpHeaders();
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(", ") : value);
  }
  const response: PipelineResponse = { request, headers, status: answer.statusCode };
  return { ...response, bodyAsText: await readBody(answer.body, response) };
}

async function requestOn(
  { client, undici }: Connection,
  url: URL,
  request: PipelineRequest,
): Promise<Dispatcher.ResponseData> {
  const headers = Object.fromEntries(
    [...request.headers].filter(([name]) => !OWN_HEADERS.has(name.toLowerCase())),
  );
  try {
    return await undici.request(client, {
      path: `${url.pathname}${url.search}`,
      method: request.method,
      headers,
      body: bodyOf(request),
      reset: true, // sends `Connection: close`
    });
  } catch (error) {
    throw sendError(error, request);
  }
}

function bodyOf({ body }: PipelineRequest): string | Uint8Array | null {
  if (body === undefined || body === null) return null;
  if (typeof body === "string" || body instanceof Uint8Array) return body;
  throw new TypeError("Only text and bytes can be sent to an identity endpoint.");
}

async function readBody(body: AsyncIterable<unknown>, response: PipelineResponse): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      if (!(chunk instanceof Buffer)) continue;
      size += chunk.length;
      if (size > MAX_BODY_BYTES) break;
      chunks.push(chunk);
    }
  } catch {
    throw bodyError("The answer broke off before its end", BODY_TRUNCATED, response);
  }
  if (size > MAX_BODY_BYTES) {
    throw bodyError(`The answer has more than ${MAX_BODY_BYTES} bytes`, BODY_TOO_LARGE, response);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Carries status and headers, and nothing of the body, which may be part of a token. */
function bodyError(message: string, code: string, response: PipelineResponse): RestError {
  return new RestError(message, { code, statusCode: response.status, request: response.request, response });
}

function sendError(error: unknown, request: PipelineRequest): RestError {
  const cause = error instanceof Error ? error : new Error("The request failed");
  const failure = new RestError(`No answer from the identity endpoint: ${transportCode(cause)}`, {
    code: transportCode(cause),
    request,
  });
  failure.cause = cause;
  return failure;
}

/** undici says `UND_ERR_SOCKET` where the peer closed the connection, which Node itself calls `ECONNRESET`. */
function transportCode(error: Error): string {
  const code = "code" in error && typeof error.code === "string" ? error.code : undefined;
  if (code === undefined) return RestError.REQUEST_SEND_ERROR;
  return code === "UND_ERR_SOCKET" ? "ECONNRESET" : code;
}

function abortError(): DOMException {
  return new DOMException("The request was aborted.", "AbortError");
}
