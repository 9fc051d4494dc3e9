import type { Histogram } from "@opentelemetry/api";
import type { HealthFile } from "../health/health-file.js";
import type { HealthMonitor } from "../health/health-monitor.js";
import type { Ports } from "./ports.js";
import type { SharedState } from "./shared-state.js";

/** States of the process, found by plane, identity and expectation. */
export interface StateRegistry {
  /** One weak entry for each state: probes read them, and forgotten credentials can be collected. */
  readonly states: Map<string, WeakRef<SharedState>>;
  /** Holds the states of the guarded classes, so that a credential for each request costs nothing; bounded. */
  readonly kept: Set<SharedState>;
  /** What the states are called. */
  readonly names: Set<string>;
  /** The files that say whether the process is ready, by path. */
  readonly files: Map<string, HealthFile>;
  /** The OpenTelemetry instrument of durations, once the application has a meter provider. */
  durations: Histogram | undefined;
  /** `drain()` of the process was called; states made later are drained, too. */
  drained: boolean;
  /** A credential with warm-up scopes is to come, and until one is made nobody can say that their tokens are there. */
  awaited: boolean;
  /** The health of the credential that was closed last, where none is open any more. */
  lastClosed: HealthMonitor | undefined;
}

/** What a guarded credential is made with. */
export interface GuardPorts extends Ports {
  readonly registry: StateRegistry;
}

// The number changes with the shape of what is shared: versions that differ must not meet in one registry.
const REGISTRY: unique symbol = Symbol.for("azure-identity-guard.registry.2");

interface SharedGlobal {
  [REGISTRY]?: StateRegistry;
}

export function createRegistry(): StateRegistry {
  return {
    states: new Map(),
    kept: new Set(),
    names: new Set(),
    files: new Map(),
    durations: undefined,
    drained: false,
    awaited: false,
    lastClosed: undefined,
  };
}

/** The registry that all copies of the package in this thread share. */
export function processRegistry(): StateRegistry {
  // The symbol is our own: nobody else declares what is found there.
  const shared = globalThis as SharedGlobal;
  const registry = shared[REGISTRY] === undefined ? createRegistry() : shared[REGISTRY];
  shared[REGISTRY] = registry;
  return registry;
}
