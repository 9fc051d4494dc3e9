import { appContainer, cliContainer, pinned, pod, PROBE_TIMES, type PodValues } from "./pod-parts.js";
import { httpProbes, probePort } from "./http-probes.js";
import type { YamlMap } from "./yaml.js";

const { startup, readiness, liveness } = PROBE_TIMES;

/**
 * A process takes 0.1 s to look at NMI, and longer to start on a busy node than the kubelet's usual second leaves. The command
 * gives up first, and says why.
 */
const EXEC = {
  exec: { command: ["azure-identity-guard", "check", "nmi", "--timeout", "2s"] },
  timeoutSeconds: 3,
};

export const nmiInit = (values: PodValues): YamlMap =>
  pod(
    [
      "nmi-init: the application starts once NMI on its node is active and in the path.",
      "Looks at nothing afterwards: where NMI is lost later, only the application notices.",
    ],
    {
      initContainers: [cliContainer("wait-for-nmi", values, ["wait", "nmi"])],
      containers: [appContainer(values, {})],
    },
  );

export const nmiExecProbes = (values: PodValues): YamlMap =>
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
  );

export const nmiInCode = (values: PodValues): YamlMap =>
  pod(
    [
      "nmi-in-code: the application's own endpoint knows NMI and each token (recommended).",
      "Probes cost no process and no request; good tokens outlive an outage of NMI.",
    ],
    {
      containers: [
        appContainer(values, httpProbes(values), [
          ...(values.oid === undefined ? [] : [pinned(values)]),
          probePort(values),
        ]),
      ],
    },
  );
