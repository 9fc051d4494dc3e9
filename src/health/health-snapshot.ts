import type { GateObservation } from "../gate/gate.js";
import type { TokenIdentity } from "../identity/token-claims.js";
import type { GuardEvent } from "./guard-events.js";
import type { HealthMetrics } from "./health-metrics.js";
import type { HealthCheck, ProbeName } from "./health-report.js";
import type { HealthState, TokenFailure } from "./health.js";

/**
 * What is known of one key.
 *
 * @public
 */
export interface KeySnapshot {
  /** The resource or the scopes, as events name it. */
  readonly key: string;
  readonly scopes: readonly string[];
  /** Milliseconds since the Unix epoch; absent while there is no token. */
  readonly expiresOn?: number;
  readonly identity?: TokenIdentity;
  /** Why the last acquisition failed, or the last attempt of the one that goes on, where none has succeeded since. */
  readonly lastError?: string;
  /** The same in parts: `meaning` and `remedy` name nobody and may be shown to everybody. */
  readonly lastFailure?: TokenFailure;
}

/**
 * Everything a probe, a metric or a page may show. Holds no token.
 *
 * @public
 */
export interface HealthSnapshot {
  /** The `health.name` option, else the class of the credential; unique among the credentials of the process. */
  readonly name: string;
  /** The `health.details` option: whether pages may show object IDs and addresses. */
  readonly details: boolean;
  readonly state: HealthState;
  /** One sentence for people. */
  readonly reason: string;
  /** Milliseconds since the Unix epoch. */
  readonly since: number;
  /** What the gate is called; absent without one. */
  readonly gateName?: string;
  /** The last observation; absent without a gate, and before the first one. */
  readonly gate?: GateObservation;
  readonly keys: readonly KeySnapshot[];
  /** Callers that wait for a token now. */
  readonly waiters: number;
  readonly drained: boolean;
  /** What startup, readiness and liveness probes answer: whether each passes. */
  readonly probes: Readonly<Record<ProbeName, boolean>>;
  /** The same, by what is looked at: a probe passes where each of these passes. */
  readonly checks: readonly HealthCheck[];
  readonly metrics: HealthMetrics;
  /**
   * Events of the last ten minutes, oldest first, 500 at most. Before them the last `gate` and `change` from before, which
   * say how things stood when the ten minutes began.
   */
  readonly history: readonly GuardEvent[];
}
