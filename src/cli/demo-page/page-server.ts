import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Clock } from "../../clock.js";
import { GUARD_PATHS, passGuardPage } from "./guard-page.js";
import { LiveState } from "./live-state.js";
import { PAGE, PAGE_HEADERS } from "./page-document.js";
import type { PageState } from "./page-state.js";
import { isForThisPage } from "./same-origin.js";

/** What the page shows, and what its buttons do. */
export interface PageServerOptions {
  /** 0 takes a free one. */
  readonly port: number;
  readonly clock: Clock;
  readonly state: () => PageState;
  /** Presses a button; `undefined` where there is none of that name. */
  readonly press: (name: string) => Promise<void> | undefined;
  /** Where the guard's own status page is; `undefined` while there is none. */
  readonly guardPage: () => string | undefined;
}

export interface PageServer extends AsyncDisposable {
  /** With a slash at its end. */
  readonly url: string;
}

const TEXT = {
  "content-type": "text/plain; charset=utf-8",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};
const ACTION = /^\/do\/([a-z-]+)$/u;

/** Serves the page on loopback. Rejects with the system's error where the port cannot be listened on. */
export async function startPageServer(options: PageServerOptions): Promise<PageServer> {
  const live = new LiveState(options.clock, options.state);
  const server = createServer((request, response) => {
    // A browser that goes in the middle of an answer is no failure.
    response.on("error", () => undefined);
    request.resume();
    answer(options, live, request, response);
  });
  try {
    await listen(server, options.port);
  } catch (error) {
    live.close();
    throw error;
  }
  return {
    url: `http://127.0.0.1:${portOf(server)}/`,
    async [Symbol.asyncDispose]() {
      live.close();
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}

function answer(
  options: PageServerOptions,
  live: LiveState,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { method = "GET", url = "/", headers } = request;
  const [path = ""] = url.split("?", 1);
  const action = ACTION.exec(path)?.[1];
  const guardPath = GUARD_PATHS.get(path);
  if (!isForThisPage(method, headers, request.socket.localPort ?? 0)) {
    say(response, 403, "only the page itself may ask for that\n");
  } else if (action !== undefined) press(options, action, method, response);
  else if (method !== "GET") say(response, 405, "only GET, and POST for buttons\n", { allow: "GET" });
  else if (guardPath !== undefined) passGuardPage(options.guardPage(), guardPath, response);
  else if (path === "/") response.writeHead(200, PAGE_HEADERS).end(PAGE);
  else if (path !== "/events") say(response, 404, "not found\n");
  else if (live.hasRoom) live.add(response);
  else say(response, 503, "too many browsers show this page\n");
}

function press(options: PageServerOptions, name: string, method: string, response: ServerResponse): void {
  const pressed = method === "POST" ? options.press(name) : undefined;
  if (method !== "POST") say(response, 405, "only POST presses a button\n", { allow: "POST" });
  else if (pressed === undefined) say(response, 404, "there is no such button\n");
  else {
    pressed.then(
      () => response.writeHead(204, { "cache-control": "no-store" }).end(),
      () => say(response, 500, "that could not be done\n"),
    );
  }
}

function say(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { ...TEXT, ...headers }).end(body);
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
