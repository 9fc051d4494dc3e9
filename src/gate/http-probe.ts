import * as http from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";

/** Answers of health endpoints and of the token path without parameters have under 200 bytes. */
const MAX_BODY_BYTES = 1024;

/**
 * One GET without header fields of its own. Resolves with any answer; rejects with Node's error where none came, or
 * with `signal.reason`. `server` is the `Server` field, `body` at most the first 1,024 bytes as UTF-8.
 */
export type HttpProbe = (
  url: string,
  options: { readonly signal: AbortSignal },
) => Promise<{
  readonly status: number;
  readonly server: string | undefined;
  readonly date?: string | undefined;
  readonly body: string;
}>;

/**
 * The {@link HttpProbe} of production: built-ins only, since the command line's exec probes start a process each time.
 * A fresh connection for each request, closed afterwards; no proxy, no redirects; the socket does not keep the
 * process alive.
 */
export const httpProbe: HttpProbe = async (url, { signal }) => {
  signal.throwIfAborted();
  const target = new URL(url);
  // The encrypted kind takes as long to load as a request takes, and is hardly ever used.
  const { request: send } = target.protocol === "https:" ? await import("node:https") : http;
  // Nothing is sent for somebody who has left meanwhile.
  signal.throwIfAborted();
  // `agent: false` makes an agent for this request alone: no reuse, and none of the global agent's settings.
  const request = send(target, { agent: false, headers: { Connection: "close" } });
  unreferenced(request);
  let abort = (): void => undefined;
  try {
    const answer = new Promise<Awaited<ReturnType<HttpProbe>>>((resolve, reject) => {
      abort = () => reject(signal.reason);
      signal.addEventListener("abort", abort);
      // The last word where the connection ends without a word, as after an unasked-for upgrade.
      request.on("close", () => reject(closedEarly()));
      request.on("error", reject);
      request.on("response", (response) => readStart(response, resolve, reject));
    });
    request.end();
    return await answer;
  } finally {
    signal.removeEventListener("abort", abort);
    request.destroy();
  }
};

/** With the code of a connection that breaks off, which Node gives some of these cases and not others. */
function closedEarly(): Error {
  return Object.assign(new Error("The connection was closed without an answer."), { code: "ECONNRESET" });
}

function unreferenced(request: ClientRequest): void {
  request.on("socket", (socket) => {
    socket.unref();
    // A host name with several addresses gets a new handle for each one tried.
    socket.on("connectionAttempt", () => socket.unref());
  });
}

function readStart(
  response: IncomingMessage,
  resolve: (answer: Awaited<ReturnType<HttpProbe>>) => void,
  reject: (error: unknown) => void,
): void {
  const chunks: Buffer[] = [];
  let size = 0;
  const finish = (): void => {
    const body = Buffer.concat(chunks).subarray(0, MAX_BODY_BYTES).toString("utf8");
    const { server, date } = response.headers;
    // Node keeps the first of several, although its type allows for a list.
    const field = Array.isArray(server) ? server[0] : server;
    resolve({ status: response.statusCode ?? 0, server: field, date, body });
  };
  response.on("error", reject);
  response.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= MAX_BODY_BYTES) finish();
  });
  response.on("end", finish);
}
