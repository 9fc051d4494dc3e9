import { createServer } from "node:http";
import { listen, portOf, urlOf } from "./listen.js";
import { publishedKeys } from "./mint-token.js";

const PATH = "/discovery/keys";

export interface KeysServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Publishes the public keys of the simulator's tokens, as `jwks_uri` of Entra ID does. */
export async function startKeysServer(host: string, port: number): Promise<KeysServer> {
  const server = createServer((request, response) => {
    if (request.url !== PATH) {
      response.writeHead(404).end();
      return;
    }
    publishedKeys().then(
      (keys) => response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(keys)),
      () => response.writeHead(500).end(),
    );
  });
  await listen(server, host, port);
  return {
    url: urlOf(host, portOf(server)) + PATH,
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
