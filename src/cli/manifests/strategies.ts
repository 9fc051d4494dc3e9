import { appContainer, cliContainer, pod, PROBE_TIMES, type PodValues } from "./pod-parts.js";
import type { StrategyName } from "./strategy-names.js";
import type { YamlMap } from "./yaml.js";

const { startup, readiness, liveness } = PROBE_TIMES;

/** A process takes longer to start on a busy node than the kubelet's usual second. */
const EXEC = {
  exec: { command: ["azure-identity-guard", "check", "nmi", "--timeout", "2s"] },
  timeoutSeconds: 2,
};

const httpGet = (path: string): YamlMap => ({ httpGet: { path, port: "probes" } });

/** The pod of each strategy. */
export const STRATEGIES: Readonly<Record<StrategyName, (values: PodValues) => YamlMap>> = {
  "nmi-init": (values) =>
    pod(
      [
        "nmi-init: the application starts once NMI on its node is active and in the path.",
        "Looks at nothing afterwards: where NMI is lost later, only the application notices.",
      ],
      {
        initContainers: [cliContainer("wait-for-nmi", values, ["wait", "nmi"])],
        containers: [appContainer(values, {})],
      },
    ),
  "nmi-exec-probes": (values) =>
    pod(
      [
        "nmi-exec-probes: no traffic while NMI is away, a restart where it stays away.",
        "The image needs the command line: RUN npm install --global azure-identity-guard",
      ],
      {
        containers: [
          appContainer(values, {
            startupProbe: { ...EXEC, ...startup },
            readinessProbe: { ...EXEC, ...readiness },
            livenessProbe: { ...EXEC, ...liveness },
          }),
        ],
      },
    ),
  "nmi-in-code": (values) => {
    const port = {
      "# Read by startProbeServer(), and by azure-identity-guard/register.": "",
      name: "AZURE_IDENTITY_GUARD_HEALTH_PORT",
      value: String(values.port),
    };
    const probes = {
      ports: [{ name: "probes", containerPort: values.port }],
      startupProbe: { ...httpGet("/startupz"), ...startup },
      readinessProbe: { ...httpGet("/readyz"), ...readiness },
      livenessProbe: { ...httpGet("/livez"), ...liveness },
    };
    return pod(
      [
        "nmi-in-code: the application's own endpoint knows NMI and each token (recommended).",
        "Probes cost no process and no request; good tokens outlive an outage of NMI.",
      ],
      { containers: [appContainer(values, probes, [port])] },
    );
  },
};
