import type { Plane } from "../retry/plane.js";
import { gateKey, type Gate, type GateObservation, type GateReason } from "./gate.js";

/** What each reason to be open says of the plane. */
const PLANES: ReadonlyMap<GateReason, Plane> = new Map([
  ["active", "nmi"],
  ["active-route-unknown", "nmi"],
  ["proxy-active", "proxy"],
  ["token-file-valid", "workload-identity"],
]);

/**
 * The plane that a gate was seen open for: answers of others did not come through it. `undefined` for gates of the
 * application's own, whatever reason they give.
 */
export function planeOf(gate: Gate, observation: Pick<GateObservation, "reason">): Plane | undefined {
  return gateKey(gate) === undefined ? undefined : PLANES.get(observation.reason);
}

/** What a gate of this library watches; `nmi-or-proxy` is the one of the two that is seen first. */
export type GateKind = Plane | "nmi-or-proxy";

const KINDS: readonly GateKind[] = ["nmi", "proxy", "nmi-or-proxy", "workload-identity"];

/** `undefined` for gates of the application's own. The key begins with the kind, in all copies of the package. */
export function gateKind(gate: Gate): GateKind | undefined {
  const word = gateKey(gate)?.split(" ", 1)[0];
  return KINDS.find((kind) => kind === word);
}
