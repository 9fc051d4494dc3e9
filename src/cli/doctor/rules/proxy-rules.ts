import { namespace, podName, recreatePod, variableSnippet } from "../copied-lines.js";
import type { Observations } from "../observations.js";
import type { Rule } from "../rule.js";
import { answererWords } from "../words.js";

const wantsProxy = ({ plane, settings }: Observations): boolean =>
  plane.kind === "proxy" || settings.gate === "proxy";

const initLog = (seen: Observations): readonly (string | readonly string[])[] => [
  [`kubectl logs ${podName(seen)}`, `-n ${namespace(seen)}`, "-c azwi-proxy-init"],
  ...recreatePod(seen),
];

/** The migration proxy of Workload ID. */
export const PROXY_RULES: readonly Rule[] = [
  {
    id: "proxy-redirect-missing",
    title: "The migration proxy is up, and nothing is redirected to it",
    link: "route",
    likelihood: "certain",
    when: (seen) =>
      seen.proxyPort !== undefined &&
      seen.route !== undefined &&
      seen.route.route !== "proxy" &&
      seen.plane.kind !== "workload-identity",
    seen: ({ route, settings }) =>
      `the proxy answers on localhost:${settings.proxyPort}; for 169.254.169.254, ${answererWords(route)}`,
    meaning:
      "The init container azwi-proxy-init has not set its rule, so token requests reach IMDS and the node's own identity. Init containers of the pod's own run before it.",
    fix: (seen) => ({ text: "Look at its log, and recreate the pod:", lines: initLog(seen) }),
    source: "azure-workload-identity init/init-iptables.sh, pkg/webhook/webhook.go",
  },
  {
    id: "proxy-down",
    title: "The migration proxy does not answer",
    link: "health",
    likelihood: "certain",
    when: (seen) => wantsProxy(seen) && seen.proxyPort === undefined,
    seen: ({ token, settings }) =>
      token.outcome === "gate-closed" ? token.detail : `localhost:${settings.proxyPort} is not the proxy`,
    meaning: "The container azwi-proxy is starting, has ended, is not in this pod, or has another port.",
    fix: (seen) => ({
      text: "Look at the container and the annotations of the pod; a port of its own is to be named:",
      lines: [
        [`kubectl logs ${podName(seen)}`, `-n ${namespace(seen)}`, "-c azwi-proxy"],
        "# in the pod template",
        "metadata:",
        '  annotations: { azure.workload.identity/inject-proxy-sidecar: "true" }',
        "# in the container, where the annotation proxy-sidecar-port names another",
        ...variableSnippet("AZURE_IDENTITY_GUARD_PROXY_PORT", "PORT"),
      ],
    }),
    source: "azure-workload-identity pkg/webhook/webhook.go, cmd/proxy/main.go",
  },
];
