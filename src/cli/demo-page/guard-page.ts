import { request as httpRequest, type ServerResponse } from "node:http";

/** The paths of the guard's status page, below the demo's own. */
export const GUARD_PATHS: ReadonlyMap<string, string> = new Map([
  ["/guard/", "/"],
  ["/guard/events", "/events"],
]);

const GONE = "The guarded service is starting.\n";

/** Passes the guard's own status page on, with leave to be shown inside of the demo's. */
export function passGuardPage(url: string | undefined, path: string, response: ServerResponse): void {
  const gone = (): void => {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    response.writeHead(503, { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" });
    response.end(GONE);
  };
  if (url === undefined) {
    gone();
    return;
  }
  const asked = httpRequest(new URL(path, url), { agent: false }, (answer) => {
    const { connection: _ours, "transfer-encoding": _theirs, ...headers } = answer.headers;
    const policy = headers["content-security-policy"];
    if (typeof policy === "string") {
      headers["content-security-policy"] = policy.replace("frame-ancestors 'none'", "frame-ancestors 'self'");
    }
    response.writeHead(answer.statusCode ?? 502, headers);
    // The first word of a stream may be a while in coming.
    response.flushHeaders();
    answer.on("error", () => response.destroy());
    answer.pipe(response);
  });
  asked.on("error", gone);
  response.once("close", () => asked.destroy());
  asked.end();
}
