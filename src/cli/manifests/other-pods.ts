import { httpProbes } from "./http-probes.js";
import {
  appContainer,
  cliContainer,
  initContainer,
  pinned,
  pod,
  PROBE_TIMES,
  warmUpScopes,
  type PodValues,
} from "./pod-parts.js";
import type { YamlMap } from "./yaml.js";

const { readiness, liveness } = PROBE_TIMES;

/** Its start holds the application back, and its readiness is part of the pod's. */
export const sidecar = (values: PodValues): YamlMap =>
  pod(
    [
      "sidecar: the guard beside an application of any language (Kubernetes 1.29 or later).",
      "The application starts after the sidecar's startup probe. A pod is ready when all its",
      "containers are: the sidecar's readiness stops traffic, and the application needs no",
      "probe of the identity. The sidecar's liveness restarts the sidecar alone: it cannot",
      "see which good tokens the application still has, and a restart would cost them.",
    ],
    {
      initContainers: [
        {
          ...cliContainer(
            "identity-guard",
            values,
            ["serve", "--port", String(values.port)],
            [pinned(values), warmUpScopes()],
          ),
          restartPolicy: "Always",
          ...httpProbes(values),
        },
      ],
      containers: [appContainer(values, {})],
    },
  );

/** The status alone, as published. */
const WGET = 'wget -qO- "http://$HOST_IP:8085/healthz"';
const BUSYBOX = "busybox:1.37.0";

export const shellWget = (values: PodValues): YamlMap => {
  const exec = { exec: { command: ["sh", "-c", WGET] } };
  return pod(
    [
      "shell-wget: to compare with, and not to use. wget looks at the status alone, which is",
      "200 while NMI says Not Active: the application starts, and gets traffic, too early.",
      "It does not see a lost rule or another identity either. The image needs sh and wget.",
    ],
    {
      initContainers: [
        initContainer("wait-for-nmi", BUSYBOX, ["sh", "-c", `until ${WGET}; do sleep 1; done`]),
      ],
      containers: [
        appContainer(values, {
          readinessProbe: { ...exec, ...readiness },
          livenessProbe: { ...exec, ...liveness },
        }),
      ],
    },
  );
};
