import type { Health, HealthState, Moment } from "./health.js";

/** How probes read a {@link Health}. */
export interface ProbePolicy {
  /** How long a credential must have been failing, with its gate closed without a break, before liveness fails; ms. */
  readonly livenessGraceMs: number | "never";
  /** Whether readiness holds in an outage while wanted tokens have more than 10 min left. */
  readonly readyWhileDegraded: boolean;
}

/**
 * The three questions of Kubernetes.
 *
 * @public
 */
export type ProbeName = "startup" | "ready" | "live";

export const PROBE_NAMES: readonly ProbeName[] = Object.freeze(["startup", "ready", "live"] as const);

/**
 * One of the things that probes look at. Names nobody: a reason is a code.
 *
 * @public
 */
export interface HealthCheck {
  /** `gate`: the identity plane; `token`: the wanted tokens; `shutdown`: `drain()` and `close()`. */
  readonly name: "gate" | "token" | "shutdown";
  /**
   * Of `gate` a {@link GateReason}, `not-observed` or `no-gate`; of `token` a {@link FailureReason}, `not-acquired`,
   * `token-expired` or `valid`; of `shutdown` `drained`, `closed` or `running`.
   */
  readonly reason: string;
  readonly passes: Readonly<Record<ProbeName, boolean>>;
}

/** Life that wanted tokens must have left for readiness in an outage. */
const DEGRADED_LIFE_MS = 600_000;

const ENDED: Readonly<Partial<Record<HealthState, string>>> = { drained: "drained", closed: "closed" };

/**
 * What probes are told, by what is looked at. Readiness fails at the first bad observation and recovers at the first good
 * one. Liveness fails only when a restart may help: when the credential has been failing, and its gate closed, for longer
 * than the grace. A restart cures neither a late start nor a wrong identity.
 */
export function healthChecks(health: Health, policy: ProbePolicy, at: Moment): readonly HealthCheck[] {
  const { state, gate, missing } = health;
  const gateOpen = gate === "open" || gate === "none";
  const tokensGood = missing.length === 0;
  // The start is over for good, and an application that shuts down must not be held by its startup probe.
  const pastStart = health.started || state !== "starting";
  return [
    {
      name: "gate",
      reason: gate === "none" ? "no-gate" : (health.gateReason ?? "not-observed"),
      passes: {
        startup: pastStart || gateOpen,
        ready: gateOpen || isTolerated(health, policy, at.now),
        live: isLive(health, policy, at.elapsed),
      },
    },
    {
      name: "token",
      reason: missing[0]?.reason ?? "valid",
      passes: { startup: pastStart || tokensGood, ready: tokensGood, live: true },
    },
    {
      name: "shutdown",
      reason: ENDED[state] ?? "running",
      passes: { startup: state !== "closed", ready: ENDED[state] === undefined, live: true },
    },
  ];
}

/** Whether each probe passes: where each check does. */
export function probeResults(checks: readonly HealthCheck[]): Readonly<Record<ProbeName, boolean>> {
  const all = (probe: ProbeName): boolean => checks.every(({ passes }) => passes[probe]);
  return { startup: all("startup"), ready: all("ready"), live: all("live") };
}

/** An outage that readiness overlooks, where that was asked for, while the tokens in hand last. */
function isTolerated({ state, tokensUntil }: Health, policy: ProbePolicy, now: number): boolean {
  return (
    state === "degraded" &&
    policy.readyWhileDegraded &&
    tokensUntil !== undefined &&
    tokensUntil - now > DEGRADED_LIFE_MS
  );
}

function isLive(health: Health, { livenessGraceMs }: ProbePolicy, elapsed: number): boolean {
  const { state, sinceElapsed, gateClosedSince } = health;
  if (livenessGraceMs === "never" || state !== "failing" || gateClosedSince === undefined) return true;
  return elapsed - Math.max(sinceElapsed, gateClosedSince) <= livenessGraceMs;
}
