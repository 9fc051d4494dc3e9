import type { AnswerRow } from "./answer-row.js";
import { cameThrough, type Plane } from "./plane.js";
import type { VerdictRow } from "./verdict.js";

const NODE_LIMITS = "learn.microsoft.com, Azure Instance Metadata Service (limits per VM)";

/** The planes whose requests go to the identity endpoint's address, and past them to IMDS. */
export type EndpointPlane = Exclude<Plane, "workload-identity">;

/** IMDS answered where the plane should have. */
export const BYPASS: Readonly<Record<EndpointPlane, Pick<VerdictRow, "reason" | "meaning" | "remedy">>> = {
  nmi: {
    reason: "bypass",
    meaning:
      "IMDS answered the token request, so it did not go through NMI and could have brought another identity.",
    remedy: "Wait for NMI's rule on this node; if it lasts, look at the NMI pod on this node.",
  },
  proxy: {
    reason: "bypass",
    meaning:
      "IMDS answered the token request, so it did not go through the migration proxy and could have brought another identity.",
    remedy:
      "The redirect of the init container azwi-proxy-init is missing; check the pod's annotation azure.workload.identity/inject-proxy-sidecar, and recreate the pod.",
  },
};

/** Somebody else answered where the plane should have. */
export const WRONG_PLANE: Readonly<
  Record<EndpointPlane, Pick<VerdictRow, "reason" | "meaning" | "remedy" | "source">>
> = {
  nmi: {
    reason: "wrong-plane",
    meaning: "The Workload ID migration proxy answered where NMI should have.",
    remedy: "Remove the proxy, or have it watched in place of NMI with AZURE_IDENTITY_GUARD_GATE=proxy.",
    source: "azure-workload-identity pkg/proxy/proxy.go",
  },
  proxy: {
    reason: "wrong-plane",
    meaning: "Something other than the Workload ID migration proxy answered where the proxy should have.",
    remedy:
      "Check that this pod's requests for 169.254.169.254 are redirected to the proxy (init container azwi-proxy-init), and that no service mesh changes the Server header.",
    source: "azure-workload-identity pkg/proxy/proxy.go (Server, on the token path), init/init-iptables.sh",
  },
};

const PLANES: readonly EndpointPlane[] = ["nmi", "proxy"];

/** Who answered decides before what was said. */
export const PLANE_ROWS: readonly AnswerRow[] = PLANES.flatMap((plane): readonly AnswerRow[] => [
  {
    ...BYPASS[plane],
    throttled: true, // a request that IMDS counts, on a node whose limit is spent
    source: `aad-pod-identity#1243; ${NODE_LIMITS}`,
    when: (facts, context) =>
      context.plane === plane &&
      facts.provenance === "imds" &&
      (facts.status === 429 || facts.status === 410),
  },
  {
    ...BYPASS[plane],
    source: "aad-pod-identity#1243, #1084, #1152; azure-workload-identity init/init-iptables.sh",
    when: (facts, context) => context.plane === plane && facts.provenance === "imds",
  },
  {
    ...WRONG_PLANE[plane],
    // What the SDK or another credential threw may say nothing of who answered.
    when: (facts, context) =>
      context.plane === plane &&
      !cameThrough(plane, facts.provenance) &&
      !(context.delegated && facts.provenance === "unknown"),
  },
]);
