import type { Ports } from "./ports.js";
import { SharedState } from "./shared-state.js";
import type { StateSpec } from "./state-spec.js";

/** States of the process, found by plane, identity and expectation. */
export interface StateRegistry {
  /** One weak entry for each state: probes read them, and forgotten credentials can be collected. */
  readonly states: Map<string, WeakRef<SharedState>>;
  /** Holds the states of the guarded classes, so that a credential for each request costs nothing; bounded. */
  readonly kept: Set<SharedState>;
}

/** What a guarded credential is made with. */
export interface GuardPorts extends Ports {
  readonly registry: StateRegistry;
}

/** States of guarded classes held at most for credentials that nobody holds any more. */
const MAX_KEPT = 100;

// The number changes with the shape of what is shared: versions that differ must not meet in one registry.
const REGISTRY: unique symbol = Symbol.for("azure-identity-guard.registry.1");

interface SharedGlobal {
  [REGISTRY]?: StateRegistry;
}

export function createRegistry(): StateRegistry {
  return { states: new Map(), kept: new Set() };
}

/** The registry that all copies of the package in this thread share. */
export function processRegistry(): StateRegistry {
  // The symbol is our own: nobody else declares what is found there.
  const shared = globalThis as SharedGlobal;
  const registry = shared[REGISTRY] === undefined ? createRegistry() : shared[REGISTRY];
  shared[REGISTRY] = registry;
  return registry;
}

const forgotten = new FinalizationRegistry<{ readonly registry: StateRegistry; readonly key: string }>(
  ({ registry, key }) => {
    if (registry.states.get(key)?.deref() === undefined) registry.states.delete(key);
  },
);

/**
 * The state of `key`, made by `spec` where there is none. With `keep` it outlives the credentials that use it, as
 * MSAL's process-wide cache does, until every one of them was closed.
 */
export function stateFor(
  key: string,
  spec: () => StateSpec,
  ports: GuardPorts,
  { keep }: { readonly keep: boolean },
): SharedState {
  const { registry } = ports;
  const found = registry.states.get(key)?.deref();
  if (found !== undefined && !found.closed) return found;
  const state: SharedState = new SharedState(spec(), ports, () => {
    registry.kept.delete(state);
    if (registry.states.get(key)?.deref() === state) registry.states.delete(key);
  });
  registry.states.set(key, new WeakRef(state));
  forgotten.register(state, { registry, key });
  if (keep) {
    registry.kept.add(state);
    for (const oldest of registry.kept) {
      if (registry.kept.size <= MAX_KEPT) break;
      registry.kept.delete(oldest);
    }
  }
  return state;
}
