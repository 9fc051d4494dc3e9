import type { IncomingHttpHeaders } from "node:http";

const METHODS_THAT_ACT: readonly string[] = ["POST"];

/**
 * Whether a request was meant for the page on this port. A `Host` of another name is a name of somebody else's that leads
 * here (DNS rebinding); an `Origin` that is not ours is a page of somebody else's that presses our buttons. What is no
 * browser sends no `Origin`.
 */
export function isForThisPage(method: string, headers: IncomingHttpHeaders, port: number): boolean {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  const { host = "", origin } = headers;
  if (!hosts.includes(host.toLowerCase())) return false;
  // Another's page may not take our places either.
  if (headers["sec-fetch-site"] === "cross-site") return false;
  return !METHODS_THAT_ACT.includes(method) || origin === undefined || origin === `http://${host}`;
}
