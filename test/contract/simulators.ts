import type { GuardOptions } from "../../src/config/options.js";
import { AppServiceSimulator } from "../../src/testing/app-service.js";
import { EntraSimulator } from "../../src/testing/entra.js";
import type { SimulatedIdentity } from "../../src/testing/simulated-identity.js";
import type { NodeSimulator } from "../../src/testing/node-simulator.js";
import { startNode } from "../integration/support/node.js";
import type { Environment } from "./environment.js";

/** The identity planes that both sides are asked on; all of them on loopback, in this process. */
export class Simulators {
  readonly node: NodeSimulator;
  readonly entra: EntraSimulator;
  readonly appService: AppServiceSimulator;
  /** Trusts the pod, too. */
  readonly otherApplication: SimulatedIdentity;

  private constructor(node: NodeSimulator, entra: EntraSimulator, appService: AppServiceSimulator) {
    this.node = node;
    this.entra = entra;
    this.appService = appService;
    this.otherApplication = entra.directory.addApplication({ name: "other" });
    entra.federatedCredentials.add(this.otherApplication, {});
  }

  static async start(): Promise<Simulators> {
    // Rows follow each other faster than a pod asks.
    const node = await startNode({ imds: { limits: { perSecond: 10_000 } } });
    const entra = await EntraSimulator.start({ application: { name: "app", secret: "s3cret" } });
    return new Simulators(node, entra, await AppServiceSimulator.start());
  }

  /** Where the identity endpoint is, and nothing that would turn guarding on. */
  get onNode(): Environment {
    return { AZURE_POD_IDENTITY_AUTHORITY_HOST: this.node.metadataUrl };
  }

  /** Guarding by the gate of NMI, and by the claims. All simulators have the same application. */
  get underNmi(): GuardOptions {
    return { ...this.pinned, gate: "nmi", nmi: { url: this.node.healthUrl } };
  }

  /** Guarding by the claims alone. */
  get pinned(): GuardOptions {
    return { gate: "none", expect: { objectId: this.node.identity.objectId } };
  }

  /** Options with which a credential trusts the simulated Entra ID. */
  get trusting(): object {
    const { authorityHost, caCertificate } = this.entra;
    return { authorityHost, disableInstanceDiscovery: true, tlsOptions: { ca: caCertificate } };
  }

  /** Options in place of what the Workload ID webhook injects. */
  get injected(): object {
    const { identity, tokenFile } = this.entra;
    const { clientId, tenantId } = identity;
    return { ...this.trusting, clientId, tenantId, tokenFilePath: tokenFile.path };
  }

  /** The variables of a client secret. */
  get secret(): Environment {
    const { clientId, tenantId } = this.entra.identity;
    return { AZURE_CLIENT_ID: clientId, AZURE_TENANT_ID: tenantId, AZURE_CLIENT_SECRET: "s3cret" };
  }

  async close(): Promise<void> {
    await Promise.all([this.node.close(), this.entra.close(), this.appService.close()]);
  }
}
