import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** An HTTP server on loopback that answers as a test wants. */
export interface Endpoint extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly SeenRequest[];
}

export interface SeenRequest {
  readonly method: string;
  /** As sent: path and query, or a whole URL where the client takes the server for a proxy. */
  readonly target: string;
  readonly headers: IncomingMessage["headers"];
}

export async function startEndpoint(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Endpoint> {
  const requests: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    requests.push({ method, target: url, headers });
    request.resume();
    answer(request, response);
  });
  server.on("connect", (request, socket) => {
    requests.push({ method: "CONNECT", target: request.url ?? "", headers: request.headers });
    socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(value));
}

/** A token response as NMI sends it. `expiresInS` is what it says of itself, whatever the token's own claims say. */
export function tokenBody(token: string, expiresInS = 86_400): Record<string, string> {
  const now = Math.floor(Date.now() / 1000);
  return {
    access_token: token,
    refresh_token: "",
    expires_in: String(expiresInS),
    expires_on: String(now + expiresInS),
    not_before: String(now),
    resource: "https://vault.azure.net",
    token_type: "Bearer",
  };
}

/** Answers route probes as NMI does, and hands token requests on. */
export function likeNmi(
  onToken: (request: IncomingMessage, response: ServerResponse) => void,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    if (request.headers["metadata"] === "true") {
      onToken(request, response);
      return;
    }
    sendJson(response, 400, {
      error: "invalid_request",
      error_description: "Required metadata header not specified",
    });
  };
}
