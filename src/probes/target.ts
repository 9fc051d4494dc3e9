import type { HealthMonitor } from "../health/health-monitor.js";
import type { ProbeName } from "../health/health-report.js";
import type { HealthSnapshot } from "../health/health-snapshot.js";
import { misconfigured } from "../guard/misconfigured.js";
import { drainAll, monitorsOf, processPasses } from "../guard/process-health.js";
import { processRegistry } from "../guard/registry.js";

/**
 * What a probe asks: a guarded credential, or its health. `undefined` stands for all guarded credentials of the process.
 *
 * @public
 */
export type ProbeTarget = HealthMonitor | { readonly health: HealthMonitor };

/** What probes read and drain. */
export interface ProbeSubject {
  snapshots(): readonly HealthSnapshot[];
  /** Whether the probe passes, without saying why: the question that is asked all the time. */
  passes(probe: ProbeName): boolean;
  drain(): void;
  /** Whether all of it was drained, also what is still to come. */
  isDrained(): boolean;
  /** Whether there is no credential yet, though one is to come. */
  isAwaited(): boolean;
}

/**
 * The monitors behind a target. Throws `ERR_GUARD_CONFIGURATION` for what is none.
 */
export function subjectOf(target: ProbeTarget | readonly ProbeTarget[] | undefined): ProbeSubject {
  if (target === undefined) return PROCESS;
  const monitors = [target].flat().map(monitorOf);
  let drained = false;
  return {
    snapshots: () => monitors.map((monitor) => monitor.snapshot()),
    passes: (probe) => monitors.every((monitor) => monitor.probes()[probe]),
    drain() {
      drained = true;
      for (const monitor of monitors) monitor.drain();
    },
    isDrained: () => drained,
    isAwaited: () => false,
  };
}

/** Found anew at each question: credentials come and go, and another copy of the package may have made them. */
const PROCESS: ProbeSubject = {
  snapshots: () => monitorsOf(processRegistry()).map((monitor) => monitor.snapshot()),
  passes: (probe) => processPasses(processRegistry(), probe),
  drain: () => drainAll(processRegistry()),
  isDrained: () => processRegistry().drained,
  isAwaited: () => processRegistry().awaited,
};

/** Callers may be JavaScript, and may give the options first. */
function monitorOf(target: unknown): HealthMonitor {
  const given = target as Partial<HealthMonitor> & { readonly health?: unknown };
  if (typeof target === "object" && target !== null) {
    if (typeof given.snapshot === "function" && typeof given.probes === "function")
      return given as HealthMonitor;
    if (given.health !== undefined) return monitorOf(given.health);
  }
  throw misconfigured(
    "target",
    target,
    "a guarded credential, its health, a list of them, or undefined for all of the process; options come second",
  );
}

/**
 * Makes readiness fail while liveness passes, so that no new work comes in while the application finishes what it has:
 * for a SIGTERM handler. Without a target it holds for the whole process, credentials that are made later included. Cannot be
 * undone.
 *
 * @public
 */
export function drain(target?: ProbeTarget | readonly ProbeTarget[]): void {
  subjectOf(target).drain();
}
