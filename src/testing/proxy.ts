import type { Socket } from "node:net";
import type { EntraSimulator } from "./entra.js";
import type { Responder } from "./exchange-server.js";
import { goError } from "./exchange.js";
import type { Reply, SimulatedRequest } from "./exchange.js";
import { ProxyCredentials, ProxyTokenError } from "./proxy-credentials.js";
import { SimulatedServer } from "./simulated-server.js";
import type { SimulatedServerOptions } from "./simulated-server.js";
import { sendUpstream } from "./upstream-request.js";

/** @public */
export interface MigrationProxyOptions extends SimulatedServerOptions {
  /** Where it gets tokens, with the service account token of the simulator's `tokenFile` unless another is named. */
  readonly entra: EntraSimulator;
  /** `AZURE_CLIENT_ID` of the pod, for requests that name none. Default the simulator's `identity`; an empty one for none. */
  readonly clientId?: string | undefined;
  /** `AZURE_FEDERATED_TOKEN_FILE` of the pod. */
  readonly tokenFile?: string | undefined;
  /** Where requests for other paths go, on connections to the proxy's own address. Default nowhere: they are answered 500. */
  readonly metadataUrl?: string | undefined;
}

/** azure-workload-identity pkg/version; commit and time of the build are made up. */
const SERVER = "azure-workload-identity/proxy/v1.6.0 (linux/amd64) 0000000/2025-01-01-00:00";

/** Only this first part is compared without regard to case; anything may follow. */
const TOKEN_PATH = /^\/metadata\/identity\/oauth2\/token/;
const DEFAULT = "/.default";

/** Expiry is told this much early (pkg/proxy/proxy.go). */
const EARLY_SECONDS = 10;

/** What belongs to one connection, and not to the message. */
const HOP_BY_HOP: ReadonlySet<string> = new Set(["connection", "keep-alive", "transfer-encoding", "date"]);

/**
 * azwi-proxy, the migration proxy of Entra Workload ID 1.6: answers the token requests of pod identity's clients with tokens of
 * Entra ID (azure-workload-identity pkg/proxy/proxy.go). Its readiness endpoint says `ok` whatever happens.
 *
 * By itself it listens at an address of its own. With `NodeSimulator.setRedirect()` it is in the way of everything that is
 * sent to the node's metadata address, as the rule of its init container puts it, and forwards other paths to the node.
 *
 * @example
 * ```ts
 * await using entra = await EntraSimulator.start();
 * await using node = await NodeSimulator.start({ nmi: { state: "down" } });
 * await using proxy = await MigrationProxy.start({ entra });
 * await node.setRedirect(proxy);   // new connections to node.metadataUrl are the proxy's
 * await proxy.stop();              // and are refused now
 * await node.setRedirect(undefined);
 * ```
 *
 * @public
 */
export class MigrationProxy extends SimulatedServer<"proxy"> {
  readonly #credentials: ProxyCredentials;
  readonly #clientId: string;
  readonly #watchers = new Set<() => Promise<void>>();
  readonly #redirected = new Set<Socket>();
  #listening = false;

  private constructor(options: MigrationProxyOptions) {
    super(options);
    const { entra } = options;
    this.#clientId = options.clientId ?? entra.identity.clientId;
    const authority = {
      url: entra.url,
      caCertificate: entra.caCertificate,
      tenantId: entra.identity.tenantId,
      tokenFile: options.tokenFile ?? entra.tokenFile.path,
    };
    this.#credentials = new ProxyCredentials(authority, this.time);
  }

  /** Starts it. Rejects where the address cannot be listened on. */
  static async start(options: MigrationProxyOptions): Promise<MigrationProxy> {
    const proxy = new MigrationProxy(options);
    await proxy.listen(proxy.#responder(options.metadataUrl));
    proxy.#listening = true;
    return proxy;
  }

  /** Its readiness endpoint. */
  get readyzUrl(): string {
    return `${this.url}/readyz`;
  }

  /** Whether it accepts connections. */
  get listening(): boolean {
    return this.#listening;
  }

  /** Its process ends: connections break, new ones are refused, also redirected ones. */
  async stop(): Promise<void> {
    this.#listening = false;
    this.#credentials.clear();
    for (const socket of this.#redirected) socket.destroy();
    await Promise.all([
      this.setListening(false),
      ...[...this.#watchers].map(async (changed) => await changed()),
    ]);
  }

  /** Starts again after `stop()`, with empty caches. */
  async resume(): Promise<void> {
    this.#listening = true;
    await Promise.all([
      this.setListening(true),
      ...[...this.#watchers].map(async (changed) => await changed()),
    ]);
  }

  override async close(): Promise<void> {
    await super.close();
    await this.stop();
  }

  /** @internal Tells of every change of `listening`, until what it returns is called. */
  watch(changed: () => Promise<void>): () => void {
    this.#watchers.add(changed);
    return () => void this.#watchers.delete(changed);
  }

  /** @internal Takes a connection to the metadata address, which the proxy itself reaches at `metadataUrl`. */
  redirect(socket: Socket, metadataUrl: string): void {
    this.#redirected.add(socket);
    socket.once("close", () => this.#redirected.delete(socket));
    this.accept(socket, this.#responder(metadataUrl));
  }

  #responder(metadataUrl: string | undefined): Responder<"proxy"> {
    return {
      name: "proxy",
      faultTargets: () => ["proxy"],
      answer: async (request) => await this.#answer(request, metadataUrl),
    };
  }

  async #answer(request: SimulatedRequest, metadataUrl: string | undefined): Promise<Reply> {
    const path = request.path.replace(/^\/metadata(?=\/)/i, "/metadata");
    if (TOKEN_PATH.test(path)) {
      const reply = await this.#token(request);
      return { ...reply, headers: { ...reply.headers, Server: SERVER } };
    }
    if (path.startsWith("/readyz")) {
      return { status: 200, headers: { "Content-Type": "text/plain; charset=utf-8" }, body: "ok" };
    }
    return await forward(request, metadataUrl);
  }

  async #token({ query, signal }: SimulatedRequest): Promise<Reply> {
    const given = query.get("client_id") ?? "";
    const clientId = given === "" ? this.#clientId : given;
    if (clientId === "") {
      return goError(400, "The client_id parameter or AZURE_CLIENT_ID environment variable must be set");
    }
    const resource = query.get("resource") ?? "";
    if (resource === "") return goError(400, "The resource parameter is required.");
    const scope = resource.endsWith(DEFAULT) ? resource : resource + DEFAULT;
    try {
      const { accessToken, expiresAt } = await this.#credentials.token(clientId, scope, signal);
      const left = Math.floor((expiresAt - this.time.now()) / 1000);
      const body = {
        access_token: accessToken,
        refresh_token: "",
        expires_in: left - EARLY_SECONDS,
        expires_on: String(Math.floor(expiresAt / 1000)),
        not_before: 0,
        resource,
        token_type: "Bearer",
      };
      return {
        status: 200,
        headers: { "Content-Type": "application/json" },
        body: `${JSON.stringify(body)}\n`,
      };
    } catch (error) {
      if (error instanceof ProxyTokenError) return goError(500, error.message);
      throw error;
    }
  }
}

async function forward(request: SimulatedRequest, metadataUrl: string | undefined): Promise<Reply> {
  const query = request.query.size === 0 ? "" : `?${request.query.toString()}`;
  const target = request.path + query;
  const failed = goError(500, `Get "http://169.254.169.254:80${target}": connect: connection refused`);
  if (metadataUrl === undefined) return failed;
  try {
    const { method, headers, signal } = request;
    const response = await sendUpstream(metadataUrl + target, { method, headers: endToEnd(headers), signal });
    return { status: response.status, headers: endToEnd(response.headers), body: response.body };
  } catch {
    request.signal.throwIfAborted();
    return failed;
  }
}

function endToEnd(headers: SimulatedRequest["headers"]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || HOP_BY_HOP.has(name) || name === "content-length"
        ? []
        : [[name, Array.isArray(value) ? value.join(", ") : value]],
    ),
  );
}
