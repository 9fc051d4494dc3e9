import { variable, type EnvironmentValues } from "../../config/environment.js";
import { detectManagedIdentitySource } from "../../config/identity-sources.js";
import { decidePlane, detectGate } from "../../gate/detect-gate.js";
import type { RouteProbeResult } from "../../gate/route-probe.js";
import type { PlaneFacts, PlaneKind, SettingsFacts } from "./observations.js";

/** What a route probe shows where no variable says what to expect. */
const BY_ROUTE: Readonly<Record<RouteProbeResult["route"], PlaneKind>> = {
  nmi: "nmi",
  proxy: "proxy",
  imds: "imds",
  unknown: "imds",
  unreachable: "none",
};

/** Which plane this process would get its tokens from, and what says so. */
export function detectPlane(
  environment: EnvironmentValues,
  { gate: choice, nmiUrl, nmiUrlFrom, secretVariable }: SettingsFacts,
  { route, detail }: Pick<RouteProbeResult, "route" | "detail">,
): PlaneFacts {
  if (secretVariable !== undefined) {
    return { kind: "environment", why: `${secretVariable} is set, which comes before any other` };
  }
  const byHost = nmiUrlFrom === "HOST_IP" || nmiUrlFrom === "nmi.hostIp";
  const nmiAddress = nmiUrl === undefined ? undefined : byHost ? "host" : "url";
  const { gate, why } = detectGate({ environment, choice, nmiAddress });
  switch (gate) {
    case "nmi":
      return { kind: "nmi", why };
    case "nmi-or-proxy": {
      const plane = decidePlane(route);
      const seen = plane === undefined ? "" : ", and the route probe was answered by it";
      return { kind: plane ?? "nmi", why: `${why}${seen}` };
    }
    case "proxy":
    case "workload-identity":
      return { kind: gate, why };
    case "delegated":
    case "none": {
      const source = detectManagedIdentitySource(environment, variable(environment, "AZURE_CLIENT_ID"));
      if (source === "federation")
        return { kind: "workload-identity", why: "AZURE_FEDERATED_TOKEN_FILE is set" };
      if (source !== "imds") return { kind: source, why };
      return { kind: BY_ROUTE[route], why: detail };
    }
  }
}
