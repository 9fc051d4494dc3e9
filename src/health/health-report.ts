import type { Health, HealthState } from "./health.js";

/** How probes read a {@link Health}. */
export interface ProbePolicy {
  /** How long the gate must have been closed, without a break, before a failing credential fails liveness; ms. */
  readonly livenessGraceMs: number | "never";
  /** Whether readiness holds in an outage while wanted tokens have more than 10 min left. */
  readonly readyWhileDegraded: boolean;
}

/** Life that wanted tokens must have left for readiness in an outage. */
const DEGRADED_LIFE_MS = 600_000;

const STARTED: Readonly<Record<HealthState, boolean>> = {
  starting: false,
  ready: true,
  degraded: true,
  failing: true,
  drained: true,
  closed: false,
};

/** `/startupz`: whether the start is over. */
export function isStarted(health: Health): boolean {
  return STARTED[health.state];
}

/** `/readyz`: fails at the first bad observation, recovers at the first good one. `now` is milliseconds since the epoch. */
export function isReady(health: Health, policy: ProbePolicy, now: number): boolean {
  if (health.state === "ready") return true;
  return (
    health.state === "degraded" &&
    policy.readyWhileDegraded &&
    health.tokensUntil !== undefined &&
    health.tokensUntil - now > DEGRADED_LIFE_MS
  );
}

/**
 * `/livez`: fails only when a restart may help, which is when the credential fails and its gate has been closed for
 * longer than the grace. A restart cures neither a late start nor a wrong identity. `elapsed` is monotonic.
 */
export function isLive(health: Health, policy: ProbePolicy, elapsed: number): boolean {
  if (policy.livenessGraceMs === "never" || health.state !== "failing") return true;
  return health.gateClosedSince === undefined || elapsed - health.gateClosedSince <= policy.livenessGraceMs;
}
