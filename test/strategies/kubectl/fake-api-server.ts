import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { PodJson } from "./kubernetes-types.js";

export interface ApiRequest {
  readonly method: string;
  /** With its query, decoded. */
  readonly url: string;
  readonly body: unknown;
}

export interface StoredObject {
  readonly kind?: string;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly uid?: string;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: object;
}

interface Stream {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly response: ServerResponse;
}

interface LoggedLine {
  readonly at: number;
  readonly line: string;
}

export interface FakeApiHooks {
  /** A pod of a manifest was created. */
  onPod?: (path: string, api: FakeApiServer) => void;
  /** Status of the pods that the DaemonSet controller makes. Default: ready. */
  daemonPodStatus?: object;
  /** Where the simulated node's control interface is. */
  controlUrl?: string;
  /** A command went through to it. */
  onCommand?: (path: string, body: unknown, api: FakeApiServer) => void;
  /** An object was replaced. */
  onReplace?: (path: string, api: FakeApiServer) => void;
  /** What a request is answered with instead, as the reason of a refusal. */
  refuse?: (request: ApiRequest) => string | undefined;
}

const CODES: Readonly<Record<string, number>> = {
  Unauthorized: 401,
  NotFound: 404,
  Conflict: 409,
  Invalid: 422,
  InternalError: 500,
  ServiceUnavailable: 503,
};

const READY = { conditions: [{ type: "Ready", status: "True" }] };

/** Of an API server and its controllers on loopback, what the runner needs; every request is recorded. */
export class FakeApiServer implements AsyncDisposable {
  readonly requests: ApiRequest[] = [];
  readonly objects: Map<string, StoredObject> = new Map();
  readonly #hooks: FakeApiHooks;
  readonly #server = createServer((request, response) => void this.#handle(request, response));
  readonly #streams = new Set<Stream>();
  readonly #logs = new Map<string, LoggedLine[]>();
  /** Deleted, and shown once more: deletion takes a while. */
  readonly #terminating = new Set<string>();
  #made = 0;

  private constructor(hooks: FakeApiHooks) {
    this.#hooks = hooks;
  }

  static async start(hooks: FakeApiHooks = {}): Promise<FakeApiServer> {
    const api = new FakeApiServer(hooks);
    await new Promise<void>((resolve) => api.#server.listen(0, "127.0.0.1", resolve));
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Requests that change something. */
  get changes(): readonly string[] {
    return this.requests
      .filter(({ method }) => method !== "GET")
      .map(({ method, url }) => `${method} ${url}`);
  }

  put(path: string, object: StoredObject): void {
    this.objects.set(path, { ...object, metadata: { ...object.metadata, uid: `uid-${++this.#made}` } });
  }

  /** Changes a pod, before the eyes of all that watch it. */
  setStatus(path: string, status: NonNullable<PodJson["status"]>): void {
    const object = { ...this.#get(path), status };
    this.objects.set(path, object);
    this.#tell(path, "MODIFIED", object);
  }

  /** Writes a line of a container's log. `at`: milliseconds since the Unix epoch. */
  log(path: string, container: string, line: string, at: number = Date.now()): void {
    const log = `${path}/log`;
    const logged: LoggedLine = { at, line };
    this.#logs.set(`${log} ${container}`, [...(this.#logs.get(`${log} ${container}`) ?? []), logged]);
    for (const stream of this.#streams) {
      if (stream.path === log && stream.query.get("container") === container) writeLine(stream, logged);
    }
  }

  /** An event about the object at `path`. */
  event(
    path: string,
    event: { readonly reason: string; readonly message: string; readonly fieldPath: string },
  ): void {
    const name = `event-${++this.#made}`;
    const { metadata } = this.#get(path);
    const involvedObject = { name: metadata.name, uid: metadata.uid, fieldPath: event.fieldPath };
    const object = { metadata: { name, uid: name }, ...event, count: 1, involvedObject };
    this.#tell(`${path.replace(/\/pods\/[^/]+$/u, "/events")}/${name}`, "ADDED", object);
  }

  /** How many watches and logs are open. */
  get streams(): number {
    return this.#streams.size;
  }

  /** Ends all open watches and logs, as an API server does from time to time. */
  endStreams(): void {
    for (const { response } of this.#streams) response.end();
  }

  /** Breaks all open watches and logs off, in the middle of a line. */
  cutStreams(): void {
    for (const { response } of this.#streams) {
      response.write('{"type":"MODI');
      setTimeout(() => response.destroy(), 50);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  #get(path: string): StoredObject {
    const object = this.objects.get(path);
    if (object === undefined) throw new Error(`There is no ${path}`);
    return object;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await bodyOf(request);
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://api");
    const recorded: ApiRequest = {
      method: request.method ?? "",
      url: decodeURIComponent(request.url ?? ""),
      body: text === "" ? undefined : (JSON.parse(text) as unknown),
    };
    this.requests.push(recorded);
    const reason = this.#hooks.refuse?.(recorded);
    if (reason !== undefined) {
      refuse(response, CODES[reason] ?? 403, reason);
      return;
    }
    if (/\/pods\/[^/]+\/proxy\//u.test(pathname)) {
      await this.#proxy(request.url ?? "", recorded, response);
      return;
    }
    if (recorded.method === "GET" && (searchParams.has("watch") || pathname.endsWith("/log"))) {
      this.#stream({ path: pathname, query: searchParams, response });
      return;
    }
    this.#answer(recorded, pathname, searchParams, response);
  }

  #answer(
    { method, body }: ApiRequest,
    path: string,
    query: URLSearchParams,
    response: ServerResponse,
  ): void {
    const found = this.objects.get(path);
    if (method === "POST") {
      this.#create(path, body as StoredObject, response);
      return;
    }
    if (
      method === "GET" &&
      path.endsWith("s") &&
      found === undefined &&
      !/\/namespaces\/[^/]+$/u.test(path)
    ) {
      answer(response, 200, { items: this.#list(path, query) });
      return;
    }
    if (found === undefined) {
      refuse(response, 404, "NotFound");
      return;
    }
    if (method === "PUT") {
      this.objects.set(path, body as StoredObject);
      this.#hooks.onReplace?.(path, this);
    }
    if (method === "DELETE") this.#terminating.add(path);
    else if (this.#terminating.delete(path)) this.#remove(path);
    answer(response, 200, this.objects.get(path) ?? found);
  }

  #create(collection: string, object: StoredObject, response: ServerResponse): void {
    const namespace = /^.*\/namespaces\/([^/]+)\//u.exec(`${collection}/`)?.[1];
    const missing = namespace !== undefined && !this.objects.has(`/api/v1/namespaces/${namespace}`);
    const path = `${collection}/${object.metadata.name}`;
    if (missing) {
      refuse(response, 404, "NotFound");
      return;
    }
    if (this.objects.has(path)) {
      refuse(response, 409, "AlreadyExists");
      return;
    }
    this.put(path, object);
    if (object.kind === "DaemonSet") this.#schedule(collection, object);
    answer(response, 201, this.objects.get(path));
    if (object.kind === "Pod") this.#hooks.onPod?.(path, this);
  }

  /** The DaemonSet controller: one pod. */
  #schedule(collection: string, { metadata }: StoredObject): void {
    const pods = collection.replace("/apis/apps/v1", "/api/v1").replace(/daemonsets$/u, "pods");
    const name = `${metadata.name}-x7k2p`;
    const status = this.#hooks.daemonPodStatus ?? READY;
    this.put(`${pods}/${name}`, { metadata: { name, labels: metadata.labels ?? {} }, status });
  }

  #list(path: string, query: URLSearchParams): StoredObject[] {
    const [, prefix = "", collection = ""] = /^(.*)\/([^/]+)$/u.exec(path) ?? [];
    const [label, value = ""] = (query.get("labelSelector") ?? "").split("=");
    const nodeName = /^spec\.nodeName=(.+)$/u.exec(query.get("fieldSelector") ?? "")?.[1];
    return [...this.objects]
      .filter(([key]) => key.startsWith(`${prefix}/`) && key.split("/").at(-2) === collection)
      .map(([, object]) => object)
      .filter(({ metadata }) => label === "" || metadata.labels?.[label ?? ""] === value)
      .filter(({ spec }) => nodeName === undefined || spec?.["nodeName"] === nodeName);
  }

  /** With all that is below it, and the pods of a DaemonSet. */
  #remove(path: string): void {
    const pods = path.replace("/apis/apps/v1", "/api/v1").replace("/daemonsets/", "/pods/");
    const namespace = path.replace(/^\/api\/v1/u, "");
    for (const key of [...this.objects.keys()]) {
      if (key === path || key.startsWith(`${pods}-`) || key.includes(`${namespace}/`))
        this.objects.delete(key);
    }
  }

  #stream(stream: Stream): void {
    stream.response.writeHead(200, { "Content-Type": "application/json" });
    stream.response.flushHeaders();
    this.#streams.add(stream);
    stream.response.once("close", () => this.#streams.delete(stream));
    const since = Date.parse(stream.query.get("sinceTime") ?? "1970-01-01T00:00:00Z");
    for (const logged of this.#logs.get(`${stream.path} ${stream.query.get("container") ?? ""}`) ?? []) {
      if (logged.at >= since) writeLine(stream, logged);
    }
    if (stream.path.endsWith("/log") && !stream.query.has("follow")) stream.response.end();
    for (const [path, object] of this.objects) {
      if (path.startsWith(`${stream.path}/`)) this.#tellOne(stream, "ADDED", object);
    }
  }

  #tell(path: string, type: string, object: object): void {
    for (const stream of this.#streams)
      if (path.startsWith(`${stream.path}/`)) this.#tellOne(stream, type, object);
  }

  #tellOne({ query, response }: Stream, type: string, object: object): void {
    const [field = "", value] = (query.get("fieldSelector") ?? "").split("=");
    if (valueAt(object, field.split(".")) === value) response.write(`${JSON.stringify({ type, object })}\n`);
  }

  async #proxy(url: string, { method, body }: ApiRequest, response: ServerResponse): Promise<void> {
    const path = url.replace(/^.*\/proxy\//u, "/");
    const init = method === "GET" ? { method } : { method, body: JSON.stringify(body) };
    const answered = await fetch(`${this.#hooks.controlUrl ?? ""}${path}`, init);
    const text = await answered.text();
    response.writeHead(answered.status, { "Content-Type": "application/json" }).end(text);
    if (method !== "GET") this.#hooks.onCommand?.(path, body, this);
  }
}

function writeLine({ query, response }: Stream, { at, line }: LoggedLine): void {
  const stamp = query.has("timestamps") ? `${new Date(at).toISOString().replace("Z", "000000Z")} ` : "";
  response.write(`${stamp}${line}\n`);
}

function valueAt(object: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], object);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function answer(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(value));
}

function refuse(response: ServerResponse, code: number, reason: string): void {
  const status = {
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    message: `it is ${reason}`,
    reason,
    code,
    details: { kind: "DaemonSet", name: "nmi" },
  };
  answer(response, code, status);
}
