import { formatDuration } from "../../../config/duration.js";
import {
  annotationLines,
  namespace,
  podName,
  trustLines,
  variablesSnippet,
  variableSnippet,
} from "../copied-lines.js";
import type { Observations } from "../observations.js";
import type { Condition, Rule } from "../rule.js";
import { wrongAudience } from "./audience.js";
import { failed, message } from "./token-conditions.js";

const says =
  (code: RegExp): Condition =>
  (seen) =>
    code.test(message(seen));

function presented(seen: Observations): string {
  const code = /AADSTS\d+/u.exec(message(seen))?.[0];
  const { issuer, subject, audience } = seen.injection ?? {};
  return [
    `Entra ID answers ${code ?? "that it finds no federated credential"}`,
    ...(issuer === undefined ? [] : [`issuer ${issuer}`]),
    ...(subject === undefined ? [] : [`subject ${subject}`]),
    ...(audience === undefined ? [] : [`audience ${audience.join(" ")}`]),
  ].join("; ");
}

const PROPAGATION = "A new one is known everywhere after some minutes at most; until then answers differ.";

/** Codes of OpenSSL, as Node.js names them. */
const distrusted: Condition = ({ entra }) =>
  entra?.answered === false && /\b\w*(?:CERT|VERIFY|ALTNAME)\w*/u.test(entra.detail);

/** What Entra ID makes of the service account token. */
export const FEDERATION_RULES: readonly Rule[] = [
  {
    id: "federated-credential-missing",
    title: "The identity trusts no service account",
    link: "token",
    likelihood: "likely",
    when: (seen) => says(/AADSTS70021\b/u)(seen) && !wrongAudience(seen),
    seen: presented,
    meaning: `The identity has no federated credential that Entra ID knows of. ${PROPAGATION}`,
    fix: (seen) => ({ text: "Compare, and create it:", lines: trustLines(seen, "create") }),
    source:
      "learn.microsoft.com, Important considerations and restrictions for federated identity credentials",
  },
  {
    id: "federated-credential-issuer",
    title: "The identity trusts another cluster",
    link: "token",
    likelihood: "likely",
    when: says(/AADSTS700211\b/u),
    seen: presented,
    meaning: `The issuer of the federated credential is another one: often the slash at its end is missing, or the cluster was created anew. ${PROPAGATION}`,
    fix: (seen) => ({
      text: "Compare the issuer, letter by letter, and correct it:",
      lines: trustLines(seen, "update"),
    }),
    source: "learn.microsoft.com, AADSTS700211; azure-workload-identity#1200",
  },
  {
    id: "federated-credential-subject",
    title: "The identity trusts another service account",
    link: "token",
    likelihood: "likely",
    when: says(/AADSTS700213\b/u),
    seen: presented,
    meaning: `The subject of the federated credential is another one; namespace, name and case count. ${PROPAGATION}`,
    fix: (seen) => ({ text: "Compare the subject, and correct it:", lines: trustLines(seen, "update") }),
    source: "learn.microsoft.com, AADSTS700213; kedacore/keda#8152 (2 % by chance)",
  },
  {
    id: "federated-credential-audience",
    title: "The federated credential is for another audience",
    link: "token",
    likelihood: "likely",
    when: (seen) => says(/AADSTS700212\d?\b/u)(seen) && !wrongAudience(seen),
    seen: presented,
    meaning: "The token has the usual audience, and the federated credential names another one.",
    fix: (seen) => ({ text: "Correct its audience:", lines: trustLines(seen, "update") }),
    source: "learn.microsoft.com, AADSTS700212",
  },
  {
    id: "issuer-unreachable",
    title: "Entra ID cannot reach the cluster's OIDC issuer",
    link: "token",
    likelihood: "likely",
    when: says(/AADSTS(?:90061|7000272)\b/u),
    seen: presented,
    meaning:
      "To check the service account token, Entra ID reads the cluster's keys from the internet. The issuer is private, gone, or does not publish its present keys.",
    fix: ({ injection: look }) => ({
      text: "Look at it from outside of the cluster; on AKS compare it with the cluster's own:",
      lines: [
        ["curl -sS", `${(look?.issuer ?? "ISSUER").replace(/\/$/u, "")}/.well-known/openid-configuration`],
        ["az aks show", "-g GROUP -n CLUSTER", "--query oidcIssuerProfile"],
      ],
    }),
    source: "learn.microsoft.com, AADSTS90061; azure-workload-identity docs, troubleshooting",
  },
  {
    id: "application-not-found",
    title: "The tenant does not know the client ID",
    link: "token",
    likelihood: "certain",
    when: failed("application-not-found"),
    seen: ({ settings }) =>
      `Entra ID does not find ${settings.clientId ?? "the client ID"} in tenant ${settings.tenantId ?? ""}`,
    meaning:
      "The annotation of the service account names another identity's client ID, an object ID, or one that was deleted.",
    fix: (seen) => ({
      text: "Annotate the client ID, and recreate the pod:",
      lines: [
        ["az identity show", "-g GROUP -n IDENTITY", "--query clientId -o tsv"],
        ...annotationLines(seen),
      ],
    }),
    source: "learn.microsoft.com, AADSTS700016",
  },
  {
    id: "entra-certificate",
    title: "Somebody on the way to Entra ID opens the encryption",
    link: "network",
    likelihood: "likely",
    when: (seen) => distrusted(seen) && seen.token.outcome !== "token",
    seen: ({ entra }) => entra?.detail ?? "",
    meaning:
      "The certificate is of an authority that Node.js does not know: a firewall that inspects traffic has its own, or the clock is wrong.",
    fix: (seen) => ({
      text: "Exempt the address from inspection, or have Node.js trust the authority:",
      lines: [
        ["kubectl create configmap authority", `-n ${namespace(seen)}`, "--from-file=authority.pem"],
        "# in the container",
        ...variableSnippet("NODE_EXTRA_CA_CERTS", "/etc/authority/authority.pem"),
        "volumeMounts:",
        "  - { name: authority, mountPath: /etc/authority, readOnly: true }",
        "# in the pod",
        "volumes:",
        "  - { name: authority, configMap: { name: authority } }",
      ],
    }),
    source: "nodejs.org, Command-line API (NODE_EXTRA_CA_CERTS)",
  },
  {
    id: "entra-unreachable",
    title: "Entra ID cannot be reached",
    link: "network",
    likelihood: "likely",
    when: (seen) => seen.entra?.answered === false && !distrusted(seen) && seen.token.outcome !== "token",
    seen: ({ entra }) => entra?.detail ?? "",
    meaning: "The token is exchanged at Entra ID by this pod itself, which needs a way out of the cluster.",
    fix: {
      text: "Let network policies and firewalls pass it, or name the proxy that leads there:",
      lines: [
        "# egress of the NetworkPolicy",
        "- ports: [{ port: 443 }, { port: 53, protocol: UDP }, { port: 53 }]",
        "# or in the container",
        ...variablesSnippet({
          HTTPS_PROXY: "http://PROXY:PORT",
          NO_PROXY: "169.254.169.254,localhost,127.0.0.1,.svc,.cluster.local",
        }),
      ],
    },
    source: "learn.microsoft.com, Outbound network and FQDN rules for AKS clusters",
  },
  {
    id: "assertion-outside-its-time",
    title: "Entra ID finds the service account token outside of its time",
    link: "token",
    likelihood: "possible",
    when: failed("assertion-expired"),
    seen: ({ injection: look }) =>
      `Entra ID answers AADSTS700024; by the clock here the token expires in ${formatDuration(
        Math.max(0, Math.round((look?.expiresInMs ?? 0) / 1_000) * 1_000),
      )}`,
    meaning: "The file is good by the clock here: the clock is wrong, or an old copy was sent.",
    fix: (seen) => ({
      text: "Compare the pod's clock, which is its node's, with your own:",
      lines: [[`kubectl exec ${podName(seen)}`, `-n ${namespace(seen)}`, "-- date -u; date -u"]],
    }),
    source: "learn.microsoft.com, AADSTS700024",
  },
];
