import type { Server } from "node:net";

/** Listens; rejects where the address cannot be had. */
export async function listen(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const listening = (): void => {
      server.removeListener("error", failed);
      resolve();
    };
    // A server may be tried more than once.
    const failed = (error: Error): void => {
      server.removeListener("listening", listening);
      reject(error);
    };
    server.once("error", failed);
    server.listen(port, host, listening);
  });
}

export function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

const WILDCARDS: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "[::1]" };

/** `http://host:port`, with a loopback address where all interfaces are listened on. */
export function urlOf(host: string, port: number, scheme: "http" | "https" = "http"): string {
  const urlHost = WILDCARDS[host] ?? (host.includes(":") ? `[${host}]` : host);
  return `${scheme}://${urlHost}:${port}`;
}
