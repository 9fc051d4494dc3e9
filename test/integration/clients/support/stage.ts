import { EntraSimulator } from "../../../../src/testing/entra.js";
import type { NodeSimulator } from "../../../../src/testing/node-simulator.js";
import { MigrationProxy } from "../../../../src/testing/proxy.js";
import { createIdentity, type SimulatedIdentity } from "../../../../src/testing/simulated-identity.js";
import type { NodeSimulatorOptions } from "../../../../src/testing/simulator-options.js";
import { startNode } from "../../support/node.js";
import { IN_KUBERNETES } from "../../support/setups.js";
import type { Azurite } from "./azurite.js";
import { StorageFront } from "./storage-front.js";

/** Whom the pod is meant to be, in every world: the only one whom the blob service admits. */
export const RIGHT: SimulatedIdentity = createIdentity({ name: "app" });
/** Whom the machine is, or one of its other identities. */
export const WRONG: SimulatedIdentity = createIdentity({ name: "node" });

/** How long tokens live: as long as Azure's, or so short that one is near its end as soon as it is there. */
export type TokenLife = "a day" | "short";

/** The guard hands out no token with under 30 s of life, so this one is good for 15 s. */
const LIFE_MS: Readonly<Record<TokenLife, number>> = { "a day": 86_400_000, short: 45_000 };

/** A node, the directory, the migration proxy and a blob service: what the worlds are made of. */
export class Stage implements AsyncDisposable {
  readonly node: NodeSimulator;
  readonly entra: EntraSimulator;
  readonly proxy: MigrationProxy;
  readonly front: StorageFront;

  private constructor(parts: Pick<Stage, "node" | "entra" | "proxy" | "front">) {
    ({ node: this.node, entra: this.entra, proxy: this.proxy, front: this.front } = parts);
  }

  static async start(options: NodeSimulatorOptions, azurite: Azurite): Promise<Stage> {
    const entra = await EntraSimulator.start();
    const certificate = entra.issueCertificate(["127.0.0.1"]);
    const [node, proxy, front] = await Promise.all([
      startNode(options),
      MigrationProxy.start({ entra }),
      StorageFront.start({ certificate, azurite, admits: RIGHT.objectId, refuses: WRONG.objectId }),
    ]);
    return new Stage({ node, entra, proxy, front });
  }

  /** What an application of examples/storage-blob needs, whatever its identity comes from. */
  get environment(): Readonly<Record<string, string>> {
    return {
      ...IN_KUBERNETES,
      NODE_EXTRA_CA_CERTS: this.entra.caCertificateFile,
      STORAGE_URL: this.front.url,
      // Azurite is shared.
      CONTAINER: `container-${new URL(this.front.url).port}`,
      PAUSE_MS: "500",
    };
  }

  /** Holds for tokens that are issued from now on; what IMDS kept is forgotten. */
  setTokenLife(life: TokenLife): void {
    const tokens = { lifetimeMs: LIFE_MS[life] };
    this.node.imds.setTokens(tokens);
    this.node.imds.clearTokenCache();
    this.entra.setTokens(tokens);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.front[Symbol.asyncDispose]();
    await this.node.close();
    await this.proxy.close();
    await this.entra.close();
  }
}
