import { untilAborted } from "../abort.js";
import type { GateObservation } from "../gate/gate.js";
import type { GateWatch } from "../gate/gate-watcher.js";
import { PermanentlyClosed } from "./judged-failure.js";
import type { Ports } from "./ports.js";

/** After a gate opens, acquisitions start spread over this time, so that a node's pods do not storm NMI. */
const SPREAD_MS = 1_000;

/**
 * The observation by which the gate is seen open, of a check that is at most 1 s old. Rejects with {@link PermanentlyClosed} for a
 * gate that is closed for good, and with `signal.reason`.
 */
export async function waitForGate(
  gate: GateWatch,
  ports: Ports,
  signal: AbortSignal,
): Promise<GateObservation> {
  for (;;) {
    const observation = await gate.observe(signal);
    if (observation.state === "open") return observation;
    if (observation.permanent) throw new PermanentlyClosed(observation);
    await changed(gate, signal);
    await ports.clock.sleep(ports.random() * SPREAD_MS, signal);
  }
}

/** Resolves when the gate is seen open, or closed for good. */
async function changed(gate: GateWatch, signal: AbortSignal): Promise<void> {
  let undo = (): void => undefined;
  const seen = new Promise<void>((resolve) => {
    const look = (observation: GateObservation | undefined): void => {
      if (observation?.state === "open" || observation?.permanent === true) resolve();
    };
    undo = gate.onObservation(look);
    look(gate.latest()); // a check may have ended since the one that was waited for
  });
  try {
    await untilAborted(seen, signal);
  } finally {
    undo();
  }
}
