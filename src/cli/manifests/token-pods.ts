import { httpProbes, probePort } from "./http-probes.js";
import {
  appContainer,
  cliContainer,
  pinned,
  pod,
  PROBE_TIMES,
  SCOPE,
  warmUpScopes,
  type PodValues,
} from "./pod-parts.js";
import type { YamlMap } from "./yaml.js";

const { startup, readiness, liveness } = PROBE_TIMES;

/**
 * A process that loads the SDK and gets a token takes 0.3 s of a core: 1.6 s on a node whose cores are asked for six times
 * over. The command gives up before the kubelet does, so that its reason gets into the pod's events.
 */
const EXEC = {
  exec: { command: ["azure-identity-guard", "check", "token", "--scope", SCOPE, "--timeout", "4s"] },
  timeoutSeconds: 5,
};

const FIRST_EXEC: YamlMap = {
  "# Loading the SDK and a token take up to 2 s on a busy node. Gives up, with a reason": "",
  "# for the events, before the kubelet does.": "",
  ...EXEC,
};

export const tokenInit = (values: PodValues): YamlMap =>
  pod(
    [
      "token-init: the application starts once a token of the right identity was had.",
      "Looks at nothing afterwards: the identity can still be lost, or become another.",
    ],
    {
      initContainers: [
        cliContainer("wait-for-token", values, ["wait", "token", "--scope", SCOPE], [pinned(values)]),
      ],
      containers: [appContainer(values, {})],
    },
  );

export const armInit = (values: PodValues): YamlMap =>
  pod(
    [
      "arm-init: the application starts once Azure Resource Manager took the identity's token.",
      "What az login --identity proves. Looks at nothing afterwards. In another cloud than",
      "the public one add --arm-endpoint, such as https://management.usgovcloudapi.net.",
    ],
    {
      initContainers: [cliContainer("wait-for-arm", values, ["wait", "arm"], [pinned(values)])],
      containers: [appContainer(values, {})],
    },
  );

export const tokenExecProbes = (values: PodValues): YamlMap =>
  pod(
    [
      "token-exec-probes: no traffic without a token of the right identity, then a restart.",
      "Each probe is a process and a token request, 24 a minute: prefer token-in-code.",
      "Two at once take 200 MB of the container's memory limit.",
      "The image needs the command line, and @azure/identity beside it.",
    ],
    {
      containers: [
        appContainer(
          values,
          {
            startupProbe: { ...FIRST_EXEC, ...startup },
            readinessProbe: { ...EXEC, ...readiness },
            livenessProbe: { ...EXEC, ...liveness },
          },
          [pinned(values)],
        ),
      ],
    },
  );

export const tokenInCode = (values: PodValues): YamlMap =>
  pod(
    [
      "token-in-code: ready once the right identity's token was had for every scope.",
      "Tokens are kept fresh, and probes read what is known: they ask for nothing.",
    ],
    {
      containers: [
        appContainer(values, httpProbes(values), [pinned(values), warmUpScopes(), probePort(values)]),
      ],
    },
  );
