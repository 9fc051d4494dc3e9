import { vi } from "vitest";
import type { GuardedCredential } from "../../src/guard/guarded-credential.js";
import { ManagedIdentityCredential } from "../../src/guard/managed-identity-credential.js";
import { startProbeServer, type ProbeServer } from "../../src/probes/probe-server.js";
import { NodeSimulator } from "../../src/testing/node-simulator.js";
import { gatedEnvironment, SCOPE } from "../integration/support/setups.js";
import { SHORT_BUDGET } from "../integration/support/pod.js";

export const OTHER_SCOPE = "https://storage.azure.com/.default";

/** A pod in this process, in real time: a guarded credential on a simulated node, and the probe server with its page. */
export class LivePod implements AsyncDisposable {
  readonly node: NodeSimulator;
  readonly credential: GuardedCredential;
  #server: ProbeServer;

  private constructor(node: NodeSimulator, credential: GuardedCredential, server: ProbeServer) {
    this.node = node;
    this.credential = credential;
    this.#server = server;
  }

  /** Starts while NMI is in `state`. Calls give up after 6 s, so that a failure shows soon. */
  static async start(state: "down" | "active"): Promise<LivePod> {
    const node = await NodeSimulator.start({ nmi: { state } });
    const environment = {
      ...gatedEnvironment(node),
      ...SHORT_BUDGET,
      AZURE_IDENTITY_GUARD_HEALTH_DETAILS: "true",
    };
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    const credential = new ManagedIdentityCredential({
      guard: { health: { name: "orders-api" }, warmUpScopes: [SCOPE] },
    });
    return new LivePod(node, credential, await serve(0));
  }

  get url(): string {
    return this.#server.url;
  }

  /** From now on NMI gives the tokens of an identity that is not this pod's. Returns its object ID. */
  giveAnotherIdentity(): string {
    const { node } = this;
    node.mic.unassign("app", node.identity);
    return node.mic.assign("app", { name: "other" }).objectId;
  }

  async stopServer(): Promise<void> {
    await this.#server.close();
  }

  /** Another server where the one before was. */
  async startServerAgain(): Promise<void> {
    this.#server = await serve(this.#server.port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close();
    await this.credential.close();
    await this.node.close();
  }
}

async function serve(port: number): Promise<ProbeServer> {
  return await startProbeServer({ port, host: "127.0.0.1", page: true });
}
