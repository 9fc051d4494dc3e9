import type { ApplicationInit } from "./entra-directory.js";
import type { FederatedCredentialInit } from "./federated-credentials.js";
import type { ServiceAccountTokenInit } from "./service-account-token-file.js";
import type { SimulatedServerOptions } from "./simulated-server.js";
import type { TokenOptions } from "./token-cache.js";

/** @public */
export interface EntraSimulatorOptions extends SimulatedServerOptions {
  /** The application that the pod is meant to use. Default one named `app`, the same as that of `NodeSimulator`. */
  readonly application?: ApplicationInit | undefined;
  /** Its federated credentials from the start. Default one, for the pod's service account, known to all replicas. */
  readonly federatedCredentials?: readonly FederatedCredentialInit[] | undefined;
  /** Service account of the pod, and how its tokens are made. Default `app` in the namespace `default`. */
  readonly serviceAccount?: ServiceAccountTokenInit | undefined;
  /** `iss` of the cluster's tokens. Default that of an AKS cluster. */
  readonly issuer?: string | undefined;
  /** How many replicas of Entra ID there are. Default 3. */
  readonly replicas?: number | undefined;
  /**
   * Chance by which a replica is chosen, from 0 up to 1: give a seeded one. Default: the replicas take turns.
   */
  readonly random?: (() => number) | undefined;
  /**
   * How tokens are made. The default lifetime is 24 h for a managed identity and 1 h for an app registration; `version`
   * overrules what resources say.
   */
  readonly tokens?: TokenOptions | undefined;
}
