import { EntraSimulator } from "../../../../src/testing/entra.js";
import type { NodeSimulator } from "../../../../src/testing/node-simulator.js";
import { MigrationProxy } from "../../../../src/testing/proxy.js";
import { createIdentity, type SimulatedIdentity } from "../../../../src/testing/simulated-identity.js";
import type { NodeSimulatorOptions } from "../../../../src/testing/simulator-options.js";
import { startNode } from "../../support/node.js";

/** How long tokens live: as long as Azure's, or so short that one is near its end as soon as it is there. */
export type TokenLife = "a day" | "short";

/** The guard hands out no token with under 30 s of life, so this one is good for 15 s. */
const LIFE_MS: Readonly<Record<TokenLife, number>> = { "a day": 86_400_000, short: 45_000 };

/** A node, the directory and the migration proxy: what the worlds are made of. */
export class Stage implements AsyncDisposable {
  readonly node: NodeSimulator;
  readonly entra: EntraSimulator;
  readonly proxy: MigrationProxy;
  /** Whom the pod is meant to be, in every world. */
  readonly right: SimulatedIdentity = createIdentity({ name: "app" });
  /** Whom the node is. */
  readonly wrong: SimulatedIdentity = createIdentity({ name: "node" });

  private constructor(node: NodeSimulator, entra: EntraSimulator, proxy: MigrationProxy) {
    this.node = node;
    this.entra = entra;
    this.proxy = proxy;
  }

  static async start(options: NodeSimulatorOptions): Promise<Stage> {
    const entra = await EntraSimulator.start();
    const [node, proxy] = await Promise.all([startNode(options), MigrationProxy.start({ entra })]);
    return new Stage(node, entra, proxy);
  }

  /** Holds for tokens that are issued from now on; what IMDS kept is forgotten. */
  setTokenLife(life: TokenLife): void {
    const tokens = { lifetimeMs: LIFE_MS[life] };
    this.node.imds.setTokens(tokens);
    this.node.imds.clearTokenCache();
    this.entra.setTokens(tokens);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.node.close();
    await this.proxy.close();
    await this.entra.close();
  }
}
