import type { GateChoice, NmiUrlSource } from "../../config/guard-options.js";
import type { ConfigurationProblem } from "../../errors.js";
import type { GateReason } from "../../gate/gate.js";
import type { RouteProbeResult } from "../../gate/route-probe.js";
import type { TokenIdentity } from "../../identity/token-claims.js";

/** Everything that was seen, as plain data without a secret: what is made of it needs nothing else. */
export interface Observations {
  readonly pod: PodFacts;
  readonly settings: SettingsFacts;
  readonly plane: PlaneFacts;
  /** NMI's health; absent where nothing says where that would be. */
  readonly nmi?: HealthLook;
  /** Who answers on the token path; absent where the plane has an endpoint of its own. */
  readonly route?: RouteLook;
  /** Who answers on the migration proxy's own port, where it is the proxy. */
  readonly proxyPort?: RouteLook;
  /** What the Workload ID webhook injects; absent where nothing of it is there and nobody asked for it. */
  readonly injection?: InjectionLook;
  /** Entra ID by itself; absent where nothing is exchanged there, and where a proxy leads to it. */
  readonly entra?: EntraLook;
  readonly token: TokenLook;
  /** The clock against that of another machine; absent where no such machine answered. */
  readonly clock?: ClockLook;
}

/** What the pod is called, for the lines to be copied; absent where it cannot be told. */
export interface PodFacts {
  readonly inKubernetes: boolean;
  readonly name?: string;
  readonly namespace?: string;
  readonly serviceAccount?: string;
}

/** What the environment asks for. */
export interface SettingsFacts {
  readonly gate: GateChoice;
  readonly hostIp?: string;
  readonly nmiUrl?: string;
  readonly nmiUrlFrom?: NmiUrlSource;
  readonly metadataUrl: string;
  readonly proxyPort: number;
  readonly clientId?: string;
  readonly tenantId?: string;
  readonly tokenFilePath?: string;
  readonly authorityHost?: string;
  /** What tokens must say, by the names of the variables that say so. */
  readonly expected: ExpectedFacts;
  /** The variable by which a secret of the environment comes before any managed identity. */
  readonly secretVariable?: string;
  /** Whether the node's address is one of this pod's own. */
  readonly onHostNetwork: boolean;
  /** The variable by which the plain Azure SDK sends requests for the metadata address to a proxy. */
  readonly captured?: CapturedFacts;
  /** The variable of a proxy that is no http: or https: URL, which the plain Azure SDK cannot use. */
  readonly proxyWithoutScheme?: string;
  /** Values that cannot be used. */
  readonly problems: readonly ConfigurationProblem[];
  /** Values that have no effect. */
  readonly warnings: readonly string[];
}

export interface ExpectedFacts {
  readonly objectIds: readonly string[];
  /** Whether anything at all is expected. */
  readonly any: boolean;
}

export interface CapturedFacts {
  readonly variable: string;
  /** Host and port, without user name and password. */
  readonly proxy: string;
  /** Separated by commas, without what may be secret in it. */
  readonly noProxy: string;
}

export type PlaneKind =
  | "nmi"
  | "proxy"
  | "workload-identity"
  | "environment"
  | "imds"
  | "app-service"
  | "service-fabric"
  | "machine-learning"
  | "cloud-shell"
  | "arc"
  | "none";

export interface PlaneFacts {
  readonly kind: PlaneKind;
  readonly why: string;
}

export interface HealthLook {
  /** Without what may be secret in it. */
  readonly url: string;
  readonly reason: GateReason;
  readonly detail: string;
  readonly ms: number;
  /** Another URL at which NMI does answer `Active`. */
  readonly elsewhere?: string;
}

export type RouteLook = RouteProbeResult & { readonly ms: number };

export interface InjectionLook {
  readonly reason: GateReason;
  readonly detail: string;
  /** The names of variables that are not set. */
  readonly missing: readonly string[];
  readonly issuer?: string;
  readonly subject?: string;
  readonly audience?: readonly string[];
  /** Milliseconds until the service account token expires; negative once it has. */
  readonly expiresInMs?: number;
  /** Milliseconds since the file was written. */
  readonly ageMs?: number;
}

export interface EntraLook {
  readonly url: string;
  readonly answered: boolean;
  readonly detail: string;
  readonly ms: number;
}

/** What asking for a token came to; a token itself is in none of them. */
export type TokenLook =
  | { readonly outcome: "not-asked"; readonly why: string }
  | {
      readonly outcome: "token";
      readonly ms: number;
      readonly identity?: TokenIdentity;
      readonly expiresInMs: number;
    }
  | { readonly outcome: "pending"; readonly ms: number }
  | UnaskedToken
  | FailedToken;

/** The gate was closed, so nobody was asked. */
export interface UnaskedToken {
  readonly outcome: "gate-closed";
  readonly ms: number;
  readonly reason: GateReason;
  readonly detail: string;
  readonly remedy?: string;
}

export interface FailedToken {
  readonly outcome: "failed";
  readonly ms: number;
  /** A `FailureReason`. */
  readonly reason: string;
  /** What was seen, redacted. */
  readonly message: string;
  readonly meaning: string;
  readonly remedy: string;
  readonly status?: number;
  /** Whom a token that was refused names. */
  readonly saw?: TokenIdentity;
  readonly expected?: Readonly<Record<string, readonly string[]>>;
}

export interface ClockLook {
  /** Milliseconds by which this machine is ahead; negative where it is behind. */
  readonly aheadMs: number;
  /** Whose clock it was compared with. */
  readonly against: string;
}
