import { setMaxListeners } from "node:events";
import type { Socket } from "node:net";
import { systemClock } from "../clock.js";
import { Adal } from "./adal.js";
import { ExchangeServer } from "./exchange-server.js";
import type { Responder } from "./exchange-server.js";
import { goError, plainAddress } from "./exchange.js";
import type { Reply } from "./exchange.js";
import { FaultScript } from "./fault-script.js";
import { ImdsHandler } from "./imds-handler.js";
import { Imds } from "./imds.js";
import { startKeysServer } from "./keys-server.js";
import type { KeysServer } from "./keys-server.js";
import { Listener } from "./listener.js";
import { Mic } from "./mic.js";
import { NmiHandler } from "./nmi-handler.js";
import { Nmi } from "./nmi.js";
import { PodRedirect } from "./pod-redirect.js";
import { PodDirectory } from "./pods.js";
import type { SimulatedPod } from "./pods.js";
import type { MigrationProxy } from "./proxy.js";
import { RequestLog } from "./request-log.js";
import type { Answerer, RecordedRequest } from "./request-log.js";
import { createIdentity } from "./simulated-identity.js";
import type { SimulatedIdentity } from "./simulated-identity.js";
import type { NodeSimulatorOptions } from "./simulator-options.js";
import { simulatedTime } from "./simulated-time.js";

const MAX_REQUESTS = 10_000;

/**
 * The identity plane of one AKS node on loopback: NMI, MIC and IMDS of AAD Pod Identity 1.8.17, with everything that can
 * go wrong between them. Needs no cluster, no network and no privileges.
 *
 * @example
 * ```ts
 * await using node = await NodeSimulator.start();
 * await node.nmi.exitGracefully();        // the rule is gone, `/healthz` still says Active
 * await fetch(`${node.metadataUrl}/metadata/identity/oauth2/token?...`); // IMDS answers
 * node.requests.at(-1)?.answeredBy;       // "imds"
 * ```
 *
 * @public
 */
export class NodeSimulator implements AsyncDisposable {
  readonly nmi: Nmi;
  readonly mic: Mic;
  readonly imds: Imds;
  readonly faults: FaultScript;
  /** The identity that the first pod is meant to have: the first of `podIdentities`, or `app` where those are none. */
  readonly identity: SimulatedIdentity;
  readonly #pods: PodDirectory;
  readonly #log: RequestLog;
  readonly #exchanges: ExchangeServer;
  readonly #responders: Readonly<Record<Answerer, Responder>>;
  readonly #redirect = new PodRedirect(
    async () => await this.#applyNmi(),
    (socket) => this.#routeOnNode(socket),
  );
  readonly #lifetime = new AbortController();
  #health: Listener | undefined;
  #metadata: Listener | undefined;
  #keys: KeysServer | undefined;

  private constructor(options: NodeSimulatorOptions) {
    const time = simulatedTime(options.clock ?? systemClock, options.timeScale ?? 1);
    const { podIdentities = [{ name: "app" }], nodeIdentities = [{ name: "kubelet" }] } = options;
    setMaxListeners(0, this.#lifetime.signal);
    this.#pods = new PodDirectory(options.pods ?? [{ name: "app" }]);
    this.#log = new RequestLog(options.maxRequests ?? MAX_REQUESTS);
    this.faults = new FaultScript(time);
    this.imds = new Imds(time, this.#lifetime.signal, options.imds ?? {});
    this.mic = new Mic(time, this.#pods, this.imds);
    const imdsHandler = new ImdsHandler(this.imds, time);
    const adal = new Adal(imdsHandler, this.faults, time);
    this.nmi = new Nmi(time, options.nmi ?? {}, {
      applied: async () => await this.#applyNmi(),
      breakNmiConnections: () => this.#breakConnections("nmi"),
      breakImdsConnections: () => this.#breakConnections("imds"),
      upstreamCalls: adal.calls,
    });
    const nmiHandler = new NmiHandler({
      mic: this.mic,
      pods: this.#pods,
      adal,
      time,
      settings: () => this.nmi.options,
      processSignal: () => this.nmi.processSignal,
    });
    this.#exchanges = new ExchangeServer({ log: this.#log, faults: this.faults, time });
    this.#responders = {
      nmi: {
        name: "nmi",
        faultTargets: () => ["nmi", "metadata"],
        answer: async (request) => await nmiHandler.answer(request),
      },
      imds: {
        name: "imds",
        faultTargets: () => ["imds", "metadata"],
        answer: async (request) => await imdsHandler.answer(request),
      },
      health: {
        name: "health",
        faultTargets: () => ["health"],
        answer: async ({ path }) => await Promise.resolve(this.#healthReply(path)),
      },
    };

    for (const identity of nodeIdentities) this.imds.attach(identity);
    this.imds.setSystemAssigned(options.systemAssigned);
    const [pod] = this.#pods.all;
    const assigned = podIdentities.map((identity) => createIdentity(identity));
    for (const identity of assigned) if (pod !== undefined) this.mic.assign(pod.name, identity);
    this.identity = assigned[0] ?? createIdentity({ name: "app" });
  }

  /** Starts the node, its NMI in the state asked for. Rejects where an address cannot be listened on. */
  static async start(options: NodeSimulatorOptions = {}): Promise<NodeSimulator> {
    const { host = "127.0.0.1", healthPort = 0, metadataPort = 0, jwksPort = 0 } = options;
    const { healthHost = host, metadataHost = host } = options;
    const node = new NodeSimulator(options);
    try {
      node.#health = await Listener.start(healthHost, healthPort, (socket) => node.#accept(socket, "health"));
      node.#metadata = await Listener.start(metadataHost, metadataPort, (socket) => node.#route(socket));
      node.#keys = await startKeysServer(host, jwksPort);
      await node.nmi.setState(options.nmi?.state ?? "active");
    } catch (error) {
      await node.close();
      throw error;
    }
    return node;
  }

  /** NMI's health endpoint. */
  get healthUrl(): string {
    return `${this.#health?.url ?? ""}/healthz`;
  }

  /** What pods reach at `http://169.254.169.254`: each connection is NMI's or IMDS's for its whole life. */
  get metadataUrl(): string {
    return this.#metadata?.url ?? "";
  }

  /** Public keys of the tokens. */
  get jwksUrl(): string {
    return this.#keys?.url ?? "";
  }

  /**
   * Points azure-identity-guard, and `@azure/identity` by itself, at this node. The SDK keeps the endpoint it saw first
   * for the life of its process: give each process one node.
   */
  get environment(): Readonly<Record<string, string>> {
    return {
      AZURE_IDENTITY_GUARD_NMI_URL: this.healthUrl,
      AZURE_POD_IDENTITY_AUTHORITY_HOST: this.metadataUrl,
    };
  }

  get pods(): readonly SimulatedPod[] {
    return this.#pods.all;
  }

  /** Requests in the order of their arrival, the last `maxRequests`. The list lives: it grows, and entries change. */
  get requests(): readonly RecordedRequest[] {
    return this.#log.records;
  }

  /**
   * The next request to arrive, as soon as it does and before it is answered: how a test knows that its request is on
   * hold and the clock may move. Rejects when the simulator closes.
   */
  async nextRequest(match: (request: RecordedRequest) => boolean = () => true): Promise<RecordedRequest> {
    return await this.#log.next(match);
  }

  /** The migration proxy in the pods' way; `undefined`: there is none. */
  get redirect(): MigrationProxy | undefined {
    return this.#redirect.proxy;
  }

  /**
   * Puts the migration proxy in the way of new connections to the metadata address, ahead of NMI's rule, or takes it away.
   * Connections that are open stay where they are. What the proxy answers is in its own log, and meets its own faults.
   */
  async setRedirect(proxy: MigrationProxy | undefined): Promise<void> {
    await this.#redirect.set(proxy, this.#metadata?.host ?? "127.0.0.1");
  }

  /** Ends everything: connections, held requests, timers. May be called twice. */
  async close(): Promise<void> {
    this.#lifetime.abort();
    this.nmi.close();
    this.mic.close();
    this.#exchanges.close();
    this.#log.close();
    await this.#redirect.close();
    await Promise.all([this.#health?.close(), this.#metadata?.close(), this.#keys?.close()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #applyNmi(): Promise<void> {
    const { health, ruleInstalled, tokenServerUp } = this.nmi;
    if (this.#lifetime.signal.aborted) return;
    if (health === undefined) for (const socket of this.#health?.sockets ?? []) socket.destroy();
    // With a rule in place and nobody behind it, the kernel refuses; pods on the host's network are not affected.
    const { proxy } = this.#redirect;
    const nobody = proxy === undefined ? ruleInstalled && !tokenServerUp : !proxy.listening;
    const refuses = nobody && !this.#pods.anyOnHostNetwork;
    await Promise.all([this.#health?.setOpen(health !== undefined), this.#metadata?.setOpen(!refuses)]);
  }

  #route(socket: Socket): void {
    const ownNetwork = !this.#pods.isOnHostNetwork(plainAddress(socket.remoteAddress));
    if (!ownNetwork || !this.#redirect.accept(socket)) this.#routeOnNode(socket);
  }

  #routeOnNode(socket: Socket): void {
    const ownNetwork = !this.#pods.isOnHostNetwork(plainAddress(socket.remoteAddress));
    if (!this.nmi.ruleInstalled || !ownNetwork) this.#accept(socket, "imds");
    else if (this.nmi.tokenServerUp) this.#accept(socket, "nmi");
    else socket.resetAndDestroy();
  }

  #accept(socket: Socket, answerer: Answerer): void {
    this.#exchanges.accept(socket, this.#responders[answerer]);
  }

  #breakConnections(answerer: Answerer): void {
    for (const socket of this.#metadata?.sockets ?? []) {
      if (this.#exchanges.responderOf(socket) === answerer) socket.destroy();
    }
  }

  /** aad-pod-identity pkg/probes/probes.go: 200 whatever the body says, and no newline after it. */
  #healthReply(path: string): Reply {
    if (path !== "/healthz") return goError(404, "404 page not found");
    const headers = { "Content-Type": "text/plain; charset=utf-8" };
    return { status: 200, headers, body: this.nmi.health ?? "" };
  }
}
