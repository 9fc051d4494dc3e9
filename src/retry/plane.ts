import type { Provenance } from "./attempt-failure.js";

/** An identity plane that a gate of this library stands for. */
export type Plane = "nmi" | "proxy" | "workload-identity";

/**
 * Who may have answered a request that went through the plane. NMI is recognised by what is absent, and a service mesh
 * may rewrite `Server`, so an unknown answer passes for NMI's; the proxy names itself on the token path whatever the
 * status (azure-workload-identity pkg/proxy/proxy.go), so nothing else passes for the proxy's. Tokens of Workload ID
 * come from Entra ID through `@azure/identity`, which shows no answer.
 */
const ANSWERED_BY: Readonly<Record<Plane, ReadonlySet<Provenance> | undefined>> = {
  nmi: new Set(["nmi", "unknown"]),
  proxy: new Set(["proxy"]),
  "workload-identity": undefined,
};

/** Whether an answer may have come through `plane`; of an answer that nobody saw, nothing is known. */
export function cameThrough(plane: Plane | undefined, provenance: Provenance | undefined): boolean {
  const answeredBy = plane === undefined ? undefined : ANSWERED_BY[plane];
  return answeredBy === undefined || provenance === undefined || answeredBy.has(provenance);
}

/** The planes in words. */
export const PLANE_NAMES: Readonly<Record<Plane, string>> = {
  nmi: "NMI",
  proxy: "the migration proxy",
  "workload-identity": "Entra ID",
};

/** Those who answer, in words. */
export const ANSWERER_NAMES: Readonly<Record<Provenance, string>> = {
  nmi: "NMI",
  imds: "IMDS",
  proxy: "the migration proxy",
  unknown: "somebody who does not say who it is",
};
