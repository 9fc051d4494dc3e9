import type { GuardedCredential } from "../../src/guard/guarded-credential.js";
import { startServer, type ProbeServer } from "../../src/probes/probe-server.js";
import { processEvents } from "../../src/process-events.js";
import { tokenAnswer, refused, World, type Answer } from "../guard/world.js";

const OWN = "8f4c2b1e-6d0a-4c55-9b7e-2a91c3d4e5f6";
const NODE = "c0ffee11-7a2b-4d3c-8e4f-5a6b7c8d9e0f";
const VAULT = "https://vault.azure.net/.default";
const STORAGE = "https://storage.azure.com/.default";

/** Ten minutes of a pod on a clock of its own, then the page that shows them. Everything but the node is the real thing. */
export class Scene implements AsyncDisposable {
  readonly #world = new World();
  readonly #credential: GuardedCredential;
  readonly #server: ProbeServer;

  private constructor(credential: GuardedCredential, server: ProbeServer, world: World) {
    this.#world = world;
    this.#credential = credential;
    this.#server = server;
  }

  static async start({ details }: { readonly details: boolean }): Promise<Scene> {
    const world = new World();
    // A pair of 1 and 2 January would say that the pictures are made up.
    world.clock.jump(Date.UTC(2026, 4, 12, 9, 41, 7) - world.clock.now());
    nmiIsDown(world);
    const credential = world.credential(
      {
        expect: { objectId: OWN },
        health: { details, name: "orders-api" },
      },
      { HOST_IP: "10.240.0.4" },
    );
    const server = await startServer(
      { port: 0, host: "127.0.0.1", target: credential, page: true },
      { clock: world.clock, events: processEvents },
    );
    return new Scene(credential, server, world);
  }

  get url(): string {
    return this.#server.url;
  }

  /** The node comes up: NMI starts late, MIC assigns the identity later still. Ends ready, with a token. */
  async nodeComesUp(): Promise<void> {
    const world = this.#world;
    await this.#pass(60);
    const first = this.#credential.getToken(VAULT);
    await this.#pass(10);
    world.health = () => ({ status: 200, server: undefined, body: "Not Active" });
    await this.#pass(20);
    world.health = () => ({ status: 200, server: undefined, body: "Active" });
    world.route = () => ({ status: 400, server: undefined, body: "" });
    world.token = () =>
      text(404, "identity default/orders-api in assigned state not found yet, in CREATED state");
    await this.#pass(30);
    world.token = () => tokenAnswer(world.clock.now(), { oid: OWN });
    await this.#pass(30);
    await first;
    await this.#pass(30);
  }

  /** NMI exits and comes back; the token in hand is served meanwhile. */
  async nmiRestarts(): Promise<void> {
    const world = this.#world;
    await this.#pass(100);
    world.route = () => ({ status: 400, server: "IMDS/150.870.65.1854", body: "" });
    await this.#pass(30);
    nmiIsDown(world);
    await this.#pass(30);
    world.health = () => ({ status: 200, server: undefined, body: "Active" });
    world.route = () => ({ status: 400, server: undefined, body: "" });
    await this.#pass(90);
  }

  /** A second resource is asked for, and tokens of the node's identity come. */
  async wrongIdentityAnswers(): Promise<void> {
    const world = this.#world;
    world.token = () => tokenAnswer(world.clock.now(), { oid: NODE });
    const call = this.#credential.getToken(STORAGE).catch(() => undefined);
    await this.#pass(90);
    await call;
  }

  async timePasses(seconds: number): Promise<void> {
    await this.#pass(seconds);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close();
    await this.#credential.close();
  }

  /** Time goes on, and the kubelet asks as it does by default, every 10 s. */
  async #pass(seconds: number): Promise<void> {
    for (let left = seconds; left > 0; left -= 10) {
      await this.#world.clock.advance(Math.min(10, left) * 1000);
      for (const path of ["startupz", "readyz", "livez"]) await (await fetch(`${this.url}/${path}`)).text();
    }
  }
}

function nmiIsDown(world: World): void {
  world.health = () => refused();
  world.route = () => refused();
}

function text(status: number, body: string): Answer {
  return { status, body, headers: { "content-type": "text/plain; charset=utf-8" } };
}
