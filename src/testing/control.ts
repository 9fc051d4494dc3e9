import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { COMMAND_PATHS, runCommand } from "./control-commands.js";
import { BadInput } from "./control-fields.js";
import { listen, portOf, urlOf } from "./listen.js";
import type { NodeSimulator } from "./node-simulator.js";
import { readBody } from "./read-body.js";

/** @public */
export interface ControlOptions {
  /** Default `127.0.0.1`. Whoever reaches it can do anything to the simulated node. */
  readonly host?: string | undefined;
  /** Default 0: a free port. */
  readonly port?: number | undefined;
}

/** @public */
export interface Control {
  readonly url: string;
  /** Resolves when somebody posted `/close`, or `close()` was called. */
  readonly closed: Promise<void>;
  /** Stops the control interface; the simulator goes on. May be called twice. */
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 64 * 1024;
const DEFAULT_REQUESTS = 1000;

interface Answer {
  readonly status: number;
  readonly value: unknown;
}

const refused = (status: number, error: string): Answer => ({ status, value: { error } });

/**
 * Opens an HTTP interface to a running simulator, for programs that are not in its process.
 *
 * | request | does |
 * | --- | --- |
 * | `GET /state` | addresses, NMI, assignments, IMDS, pods, number of faults |
 * | `GET /requests?after=ID&limit=N` | recorded requests, the last `limit` (1000) after the one with that ID |
 * | `POST /nmi`, `/mic`, `/imds`, `/faults` | `{"action": "...", ...}`: the methods of the same name, in kebab-case, and their options; answers with the state |
 * | `POST /close` | ends simulator and interface |
 *
 * Bodies are JSON, up to 64 KiB. What is not accepted is answered with 400 and a text that names the field and the
 * accepted values.
 *
 * @public
 */
export async function startControl(simulator: NodeSimulator, options: ControlOptions = {}): Promise<Control> {
  const { host = "127.0.0.1", port = 0 } = options;
  let resolveClosed = (): void => undefined;
  const closed = new Promise<void>((resolve) => (resolveClosed = resolve));
  const server = createServer((request, response) => {
    void handle(simulator, request).then(async ({ status, value }) => {
      await write(response, status, value);
      if (request.method === "POST" && request.url === "/close" && status === 200) await close();
    });
  });
  await listen(server, host, port);
  return { url: urlOf(host, portOf(server)), closed, close };

  async function close(): Promise<void> {
    server.closeAllConnections();
    if (server.listening) await new Promise((done) => server.close(done));
    resolveClosed();
  }
}

async function handle(simulator: NodeSimulator, request: IncomingMessage): Promise<Answer> {
  try {
    return await answer(simulator, request);
  } catch (error) {
    if (error instanceof BadInput) return refused(400, error.message);
    return refused(500, error instanceof Error ? error.message : String(error));
  }
}

async function answer(simulator: NodeSimulator, request: IncomingMessage): Promise<Answer> {
  if (!isSameOrigin(request)) return refused(403, "Pages of another origin may not control the simulator");
  const url = new URL(request.url ?? "/", "http://control");
  const reading = READS.get(url.pathname);
  const known = reading !== undefined || url.pathname === "/close" || COMMAND_PATHS.includes(url.pathname);
  if (!known) {
    const paths = [...READS.keys(), ...COMMAND_PATHS, "/close"].join(", ");
    return refused(404, `Nothing at ${url.pathname}; there are ${paths}`);
  }
  const method = reading === undefined ? "POST" : "GET";
  if (request.method !== method) return refused(405, `Use ${method} for ${url.pathname}`);
  if (reading !== undefined) return { status: 200, value: reading(simulator, url.searchParams) };
  const body = await readBody(request, MAX_BODY_BYTES);
  if (body === undefined) return refused(413, `The body is larger than ${MAX_BODY_BYTES} bytes`);
  if (url.pathname === "/close") await simulator.close();
  else await runCommand(simulator, url.pathname, parse(body));
  return { status: 200, value: state(simulator) };
}

/** A browser sends any page's requests to loopback; it names the page as their origin. */
function isSameOrigin({ headers }: IncomingMessage): boolean {
  const { origin, host } = headers;
  return origin === undefined || origin === `http://${host ?? ""}`;
}

type Reading = (simulator: NodeSimulator, query: URLSearchParams) => unknown;

const READS: ReadonlyMap<string, Reading> = new Map<string, Reading>([
  ["/state", (simulator) => state(simulator)],
  [
    "/requests",
    (simulator, query) => {
      const after = countOf(query, "after", 0);
      const limit = countOf(query, "limit", DEFAULT_REQUESTS);
      const wanted = simulator.requests.filter(({ id }) => id > after);
      return { requests: wanted.slice(Math.max(0, wanted.length - limit)) };
    },
  ],
]);

function countOf(query: URLSearchParams, name: string, usual: number): number {
  const given = query.get(name);
  if (given === null) return usual;
  if (/^\d{1,15}$/.test(given)) return Number(given);
  throw new BadInput(`"${name}" is ${JSON.stringify(given.slice(0, 100))}; give a whole number, 0 or more`);
}

function state(simulator: NodeSimulator): unknown {
  const { nmi, mic, imds, faults, pods, healthUrl, metadataUrl, jwksUrl, environment } = simulator;
  return {
    healthUrl,
    metadataUrl,
    jwksUrl,
    environment,
    pods,
    nmi: {
      state: nmi.state,
      health: nmi.health,
      ruleInstalled: nmi.ruleInstalled,
      tokenServerUp: nmi.tokenServerUp,
      options: nmi.options,
      upstreamCalls: nmi.upstreamCalls.length,
    },
    mic: { assignments: mic.assignments },
    imds: {
      identities: imds.identities,
      systemAssigned: imds.systemAssigned ?? null,
      limits: imds.limits,
      updating: imds.updating ?? null,
      counters: imds.counters,
    },
    faults: faults.count,
  };
}

function parse(body: string): unknown {
  try {
    return body === "" ? {} : (JSON.parse(body) as unknown);
  } catch {
    throw new BadInput(`The body is not JSON; give an object such as {"action":"crash"}`);
  }
}

async function write(response: ServerResponse, status: number, value: unknown): Promise<void> {
  const body = `${JSON.stringify(value)}\n`;
  response.writeHead(status, {
    "Content-Type": "application/json",
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
  });
  await new Promise<void>((resolve) => {
    response.once("close", resolve);
    response.end(body, resolve);
  });
}
