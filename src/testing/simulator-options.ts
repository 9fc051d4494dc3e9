import type { Clock } from "../clock.js";
import type { ImdsOptions } from "./imds.js";
import type { NmiSettingsInit } from "./nmi-settings.js";
import type { PodInit } from "./pods.js";
import type { IdentityInit } from "./simulated-identity.js";

/** @public */
export interface NodeSimulatorOptions {
  /** Time of everything that waits or expires. Default: the machine's. */
  readonly clock?: Clock | undefined;
  /**
   * Factor on all times of the simulated node (NMI's wait and grace, retries towards IMDS, assignment delays, faults,
   * `Retry-After`), for runs in real time that should be short: with 1/6 what takes a minute takes 10 s. The life of
   * tokens is not scaled. Default 1.
   */
  readonly timeScale?: number | undefined;
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string | undefined;
  /** Address of NMI's health port, where it differs from `host`. */
  readonly healthHost?: string | undefined;
  /** Address that plays 169.254.169.254, where it differs from `host`. */
  readonly metadataHost?: string | undefined;
  /** Default 0: a free port, as for the following. */
  readonly healthPort?: number | undefined;
  readonly metadataPort?: number | undefined;
  readonly jwksPort?: number | undefined;
  /** NMI's flags, and the state it begins in: default `active`. */
  readonly nmi?: (NmiSettingsInit & { readonly state?: "down" | "not-active" | "active" }) | undefined;
  readonly imds?: ImdsOptions | undefined;
  /** Default: one pod, `default/app`, which every source address belongs to. */
  readonly pods?: readonly PodInit[] | undefined;
  /** Identities assigned to the first pod, and attached to the node, from the start. Default one, named `app`. */
  readonly podIdentities?: readonly IdentityInit[] | undefined;
  /** Other user-assigned identities of the node. Default one, named `kubelet`. */
  readonly nodeIdentities?: readonly IdentityInit[] | undefined;
  /** The node's system-assigned identity. Default none. */
  readonly systemAssigned?: IdentityInit | undefined;
  /** How many requests are kept. Default 10,000. */
  readonly maxRequests?: number | undefined;
}
