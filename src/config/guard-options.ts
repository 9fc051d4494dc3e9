import type { Gate } from "../gate/gate.js";
import type { Expectation, ExpectOptions } from "../identity/expectation.js";
import type { RetrySchedule } from "../retry/retry-budget.js";

/**
 * How long a call may wait and how it asks again. Durations in milliseconds, 1 to 2,147,483,647. Defaults of delays
 * and attempt timeout shrink to fit a shorter budget; explicit values that cannot fit are refused.
 *
 * @public
 */
export interface RetryOptions {
  /** Longest wait of one call. Default 80,000. */
  readonly budgetMs?: number | undefined;
  /** Retries that must start inside the budget, however slow attempts are. A whole number; default 4, below that with a warning. */
  readonly minRetries?: number | undefined;
  /** First delay, doubled for each further retry. Default 800. */
  readonly delayMs?: number | undefined;
  /** Largest delay. Default 5,000. */
  readonly maxDelayMs?: number | undefined;
  /** Longest time of one attempt. Default 15,000. */
  readonly attemptTimeoutMs?: number | undefined;
}

/**
 * What probes are told.
 *
 * @public
 */
export interface HealthOptions {
  /** How long a credential may be failing before liveness fails, in milliseconds, 0 to 2,147,483,647. Default 30,000. */
  readonly livenessGraceMs?: number | "never" | undefined;
  /** Whether readiness holds in an outage while warm-up tokens have more than 10 min left. Default `false`. */
  readonly readyWhileDegraded?: boolean | undefined;
  /** Whether pages show object IDs and addresses. Default `false`. */
  readonly details?: boolean | undefined;
  /** What pages and metrics call this credential; 1 to 100 characters on one line. Default: its class. */
  readonly name?: string | undefined;
  /**
   * Absolute path of a file that exists exactly while every guarded credential of the process is ready; one for the
   * process, kept from the first credential that names it. Default none.
   */
  readonly file?: string | undefined;
}

/**
 * Where NMI's health is asked. An address of an option wins over one of the environment; a URL over a host.
 *
 * @public
 */
export interface NmiOptions {
  /** The whole health URL. Default `http://HOST_IP:8085/healthz`. */
  readonly url?: string | undefined;
  /** IPv4 address of the node; default `HOST_IP` of the environment. */
  readonly hostIp?: string | undefined;
  /** Between health checks while the gate is open, in milliseconds; while it is closed at most 1,000. Default 5,000. */
  readonly pollIntervalMs?: number | undefined;
}

/**
 * Where the Workload ID migration proxy listens.
 *
 * @public
 */
export interface ProxyOptions {
  /** The port of the annotation `azure.workload.identity/proxy-sidecar-port`. Default 8000. */
  readonly port?: number | undefined;
}

/**
 * A gate by name; `auto` finds out from the environment.
 *
 * @public
 */
export type GateChoice = "auto" | "nmi" | "workload-identity" | "proxy" | "none";

export const GATE_CHOICES: readonly GateChoice[] = Object.freeze([
  "auto",
  "nmi",
  "workload-identity",
  "proxy",
  "none",
] as const);

/**
 * Options of a guarded credential. Each one wins over its environment variable, which wins over the default;
 * `undefined` means unset. What is wrong with them is reported at construction, all at once, by an
 * `ERR_GUARD_CONFIGURATION`.
 *
 * @public
 */
export interface GuardOptions {
  /**
   * What says whether the identity plane may be asked. Default `auto` for the guarded classes and `none` for
   * `guard(x)`. `auto` takes the environment's choice; `none` switches the environment off.
   */
  readonly gate?: Gate | GateChoice | undefined;
  readonly nmi?: NmiOptions | undefined;
  readonly proxy?: ProxyOptions | undefined;
  readonly retry?: RetryOptions | undefined;
  /** What tokens must say. Default `environment` for the guarded classes and `none` for `guard(x)`. */
  readonly expect?: "environment" | "none" | ExpectOptions | undefined;
  readonly health?: HealthOptions | undefined;
  /** Scopes whose tokens are fetched before anybody asks, one token each. */
  readonly warmUpScopes?: readonly string[] | undefined;
}

/** Which option or variable NMI's health URL was taken from. */
export type NmiUrlSource = "AZURE_IDENTITY_GUARD_NMI_URL" | "HOST_IP" | "nmi.url" | "nmi.hostIp";

/** {@link GuardOptions} and environment, checked, merged and frozen. */
export interface ResolvedOptions {
  readonly gate: Gate | GateChoice;
  /** `undefined` where the gate needs none, or where `auto` finds no address. */
  readonly nmiUrl: string | undefined;
  readonly nmiUrlFrom: NmiUrlSource | undefined;
  readonly hostIp: string | undefined;
  readonly pollIntervalMs: number;
  readonly proxyPort: number;
  readonly retry: RetrySchedule;
  readonly expectation: Expectation | undefined;
  readonly health: {
    readonly livenessGraceMs: number | "never";
    readonly readyWhileDegraded: boolean;
    readonly details: boolean;
    readonly name: string | undefined;
    readonly file: string | undefined;
  };
  readonly warmUpScopes: readonly string[];
  /** Options were given, or a variable of this library that concerns tokens is set: guarding is on. */
  readonly explicit: boolean;
  /** For the log, one line each. */
  readonly warnings: readonly string[];
}
