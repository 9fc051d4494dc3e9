import { HealthFile } from "../health/health-file.js";
import type { HealthMonitor } from "../health/health-monitor.js";
import type { ProbeName } from "../health/health-report.js";
import { processEvents, type ProcessEvents } from "../process-events.js";
import type { Ports } from "./ports.js";
import type { StateRegistry } from "./registry.js";

/** The health of every guarded credential of the process; where all of them were closed, of the last one. */
export function monitorsOf(registry: StateRegistry): readonly HealthMonitor[] {
  const open = [...registry.states.values()].flatMap((state) => state.deref()?.health ?? []);
  return open.length === 0 && registry.lastClosed !== undefined ? [registry.lastClosed] : open;
}

/** Makes readiness of the whole process fail, for good; liveness passes. */
export function drainAll(registry: StateRegistry): void {
  registry.drained = true;
  for (const monitor of monitorsOf(registry)) monitor.drain();
  for (const file of registry.files.values()) file.update();
}

/**
 * Whether the probe passes for every credential. With none there is nothing to wait for, unless one is awaited, and nobody
 * else who could say that the process was drained.
 */
export function processPasses(registry: StateRegistry, probe: ProbeName): boolean {
  if (probe === "ready" && registry.drained) return false;
  let open = false;
  // A loop, since probes ask this all the time.
  for (const state of registry.states.values()) {
    const health = state.deref()?.health;
    if (health === undefined) continue;
    if (!health.probes()[probe]) return false;
    open = true;
  }
  if (open) return true;
  return registry.lastClosed?.probes()[probe] ?? (probe === "live" || !registry.awaited);
}

/** Keeps the file at `path`, from the first credential that names it until the process ends. */
export function keepHealthFile(
  path: string | undefined,
  registry: StateRegistry,
  { clock }: Pick<Ports, "clock">,
  events: ProcessEvents = processEvents,
): void {
  if (path === undefined || registry.files.has(path)) return;
  const isReady = (): boolean => processPasses(registry, "ready");
  registry.files.set(path, new HealthFile(path, { clock, events, isReady }));
}
