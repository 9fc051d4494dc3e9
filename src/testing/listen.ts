import type { Server } from "node:net";

/** Listens; rejects where the address cannot be had. */
export async function listen(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.removeListener("error", reject);
      resolve();
    });
  });
}

export function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

const WILDCARDS: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "[::1]" };

/** `http://host:port`, with a loopback address where all interfaces are listened on. */
export function urlOf(host: string, port: number): string {
  const urlHost = WILDCARDS[host] ?? (host.includes(":") ? `[${host}]` : host);
  return `http://${urlHost}:${port}`;
}
