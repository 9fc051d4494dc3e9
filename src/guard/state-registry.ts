import { measure } from "./open-telemetry.js";
import type { GuardPorts, StateRegistry } from "./registry.js";
import { SharedState } from "./shared-state.js";
import type { StateSpec } from "./state-spec.js";

/** States of guarded classes held at most for credentials that nobody holds any more. */
const MAX_KEPT = 100;

interface Registration {
  readonly registry: StateRegistry;
  readonly key: string;
  readonly name: string;
}

const forgotten = new FinalizationRegistry<Registration>(({ registry, key, name }) => {
  registry.names.delete(name);
  if (registry.states.get(key)?.deref() === undefined) registry.states.delete(key);
});

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
  const made = spec();
  const name = freeName(made.name, registry.names);
  const state: SharedState = new SharedState({ ...made, name }, ports, () => {
    registry.kept.delete(state);
    registry.names.delete(name);
    forgotten.unregister(state);
    if (registry.states.get(key)?.deref() === state) registry.states.delete(key);
    const others = [...registry.states.values()].some((each) => each.deref() !== undefined);
    if (!others) registry.lastClosed = state.health;
  });
  registry.names.add(name);
  registry.states.set(key, new WeakRef(state));
  registry.lastClosed = undefined;
  registry.awaited = false;
  forgotten.register(state, { registry, key, name }, state);
  if (registry.drained) state.health.drain();
  const updateFiles = (): void => {
    for (const file of registry.files.values()) file.update();
  };
  state.health.on("change", updateFiles);
  // The process was ready without it, and may not be with it.
  updateFiles();
  measure(state.health, registry);
  if (keep) {
    registry.kept.add(state);
    for (const oldest of registry.kept) {
      if (registry.kept.size <= MAX_KEPT) break;
      registry.kept.delete(oldest);
    }
  }
  return state;
}

/** The name, or the first of `name-2`, `name-3` ... that nobody has: metrics need one each. */
function freeName(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  let number = 2;
  while (taken.has(`${name}-${number}`)) number++;
  return `${name}-${number}`;
}
