import type { Clock } from "../clock.js";
import type { HealthMonitor } from "../health/health-monitor.js";
import type { TokenIdentity } from "../identity/token-claims.js";
import type { ServiceEvent } from "./demo-events.js";

/** Passes on what a guarded credential reports of itself. */
export function reportGuard(
  health: Pick<HealthMonitor, "on">,
  clock: Pick<Clock, "now">,
  report: (event: ServiceEvent) => void,
): void {
  const who = "guarded";
  health.on("gate", ({ observation }) => {
    const { state, reason } = observation;
    report({ who, type: "gate", at: clock.now(), state, reason });
  });
  health.on("attempt", ({ key, number, outcome, reason, provenance, endedAt }) => {
    const why = reason === undefined ? {} : { reason };
    const by = provenance === undefined ? {} : { provenance };
    report({ who, type: "attempt", at: endedAt, resource: key, number, outcome, ...why, ...by });
  });
  health.on("rejected", ({ key, reason, saw }) =>
    report({ who, type: "rejected", at: clock.now(), resource: key, reason, ...owner(saw) }),
  );
  health.on("token", ({ key, identity }) =>
    report({ who, type: "verified", at: clock.now(), resource: key, ...owner(identity) }),
  );
  health.on("change", ({ from, to, reason, at }) => report({ who, type: "health", at, from, to, reason }));
}

function owner(identity: TokenIdentity | undefined): { objectId?: string } {
  return identity?.objectId === undefined ? {} : { objectId: identity.objectId };
}
