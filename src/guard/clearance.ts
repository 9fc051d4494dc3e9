import { planeOf } from "../gate/gate-plane.js";
import type { Plane } from "../retry/plane.js";
import type { AcquisitionContext } from "./acquisition-context.js";
import type { KeyEntry } from "./token-cache.js";
import type { Turn } from "./turn.js";
import { waitForGate } from "./wait-for-gate.js";
import type { Waiter } from "./waiter.js";

/** What an attempt that may start is judged by. */
export interface Clearance {
  /** The plane that the gate was seen open for. */
  readonly plane: Plane | undefined;
}

/**
 * Waits until an attempt may start: its turn has come, at most one abandoned attempt is left, and the gate is seen open.
 * Rejects with `PermanentlyClosed`, and with `signal.reason`.
 */
export async function clearance(
  turn: Turn,
  entry: KeyEntry,
  waiters: ReadonlySet<Waiter>,
  context: Pick<AcquisitionContext, "gate" | "ports">,
  signal: AbortSignal,
): Promise<Clearance> {
  const { gate, ports } = context;
  await turn.come(entry, waiters, context, signal);
  await entry.abandoned.room(ports.clock, signal);
  const seen = gate === undefined ? undefined : await waitForGate(gate, ports, signal);
  signal.throwIfAborted();
  return { plane: gate === undefined || seen === undefined ? undefined : planeOf(gate.gate, seen) };
}
