import { PROBE_TIMES, type PodValues } from "./pod-parts.js";
import type { YamlMap } from "./yaml.js";

const { startup, readiness, liveness } = PROBE_TIMES;

const httpGet = (path: string): YamlMap => ({ httpGet: { path, port: "probes" } });

/** The probes of a container that serves the endpoints itself. */
export function httpProbes({ port }: PodValues): YamlMap {
  return {
    ports: [{ name: "probes", containerPort: port }],
    startupProbe: { ...httpGet("/startupz"), ...startup },
    readinessProbe: { ...httpGet("/readyz"), ...readiness },
    livenessProbe: { ...httpGet("/livez"), ...liveness },
  };
}

/** Where the application serves them. */
export function probePort({ port }: PodValues): YamlMap {
  return {
    "# Read by startProbeServer(), and by azure-identity-guard/register.": "",
    name: "AZURE_IDENTITY_GUARD_HEALTH_PORT",
    value: String(port),
  };
}
