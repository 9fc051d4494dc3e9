import { namespace, variableSnippet } from "../copied-lines.js";
import type { Observations } from "../observations.js";
import type { Fix, Rule } from "../rule.js";
import { hostOf } from "./nmi-conditions.js";

export const TOKEN_CREDENTIALS = "AZURE_TOKEN_CREDENTIALS";

const usesMetadataAddress = ({ plane }: Observations): boolean =>
  plane.kind === "nmi" || plane.kind === "proxy" || plane.kind === "imds";

const credentialsProblem = ({
  settings,
}: Observations): Observations["settings"]["problems"][number] | undefined =>
  settings.problems.find(({ name }) => name === TOKEN_CREDENTIALS);

/** Such a proxy is in the way of a token where the SDK gets it from Entra ID, past which the guard does not go. */
const needsProxy = ({ plane, settings, token }: Observations): boolean =>
  settings.proxyWithoutScheme !== undefined &&
  token.outcome !== "token" &&
  (plane.kind === "environment" || plane.kind === "workload-identity");

const seenProxy = ({ settings }: Observations): string =>
  `${settings.proxyWithoutScheme ?? ""} does not begin with http:// or https://`;

const PROXY_MEANING =
  "The Azure SDK takes whole URLs alone: it refuses 10.0.0.1:3128 as no URL, and of proxy:3128 it takes the host for a scheme, and asks nobody.";

const proxyFix = ({ settings }: Observations): Fix => ({
  text: "Write it as a URL:",
  lines: variableSnippet(settings.proxyWithoutScheme ?? "", "http://PROXY:PORT"),
});

const PROXY_SOURCE = "@typespec/ts-http-runtime policies/proxyPolicy.ts";

/** Variables that the Azure SDK reads by itself. */
export const SDK_VARIABLE_RULES: readonly Rule[] = [
  {
    id: "token-credentials-invalid",
    title: "AZURE_TOKEN_CREDENTIALS names no credential of a pod",
    link: "environment",
    likelihood: "certain",
    when: (seen) => credentialsProblem(seen) !== undefined,
    seen: (seen) => `AZURE_TOKEN_CREDENTIALS is ${credentialsProblem(seen)?.value ?? ""}`,
    meaning:
      "DefaultAzureCredential takes prod, dev, or the name of one of its credentials, in any case; with another value it is not made, with the guard or without. dev and the names of developers' logins are for machines without a gate.",
    fix: (seen) => ({
      text: `Remove it, or give it ${credentialsProblem(seen)?.expected ?? ""}:`,
      lines: variableSnippet(TOKEN_CREDENTIALS, "prod"),
    }),
    source: "@azure/identity defaultAzureCredential.ts",
  },
  {
    id: "proxy-without-scheme",
    title: "The proxy of the Azure SDK is no URL",
    link: "network",
    likelihood: "certain",
    when: needsProxy,
    seen: seenProxy,
    meaning: PROXY_MEANING,
    fix: proxyFix,
    source: PROXY_SOURCE,
  },
  {
    id: "proxy-unusable",
    title: "The proxy of other Azure SDK clients is no URL",
    link: "network",
    likelihood: "hazard",
    when: (seen) => seen.settings.proxyWithoutScheme !== undefined && !needsProxy(seen),
    seen: seenProxy,
    meaning: PROXY_MEANING,
    fix: proxyFix,
    source: PROXY_SOURCE,
  },
  {
    id: "proxy-captures-metadata",
    title: "The Azure SDK sends token requests to a proxy",
    link: "network",
    likelihood: "hazard",
    when: (seen) =>
      seen.settings.captured !== undefined &&
      seen.settings.proxyWithoutScheme === undefined &&
      usesMetadataAddress(seen),
    seen: ({ settings: { captured } }) =>
      `${captured?.variable ?? ""} is ${captured?.proxy ?? ""}, and NO_PROXY ${
        captured?.noProxy === "" ? "is not set" : `(${captured?.noProxy ?? ""}) does not name the address`
      }`,
    meaning:
      "The guard goes past proxies; the plain SDK, and other programs of this pod, do not: the proxy cannot reach the metadata address of this node, or reaches that of its own. The SDK's NO_PROXY takes no ranges and no *.",
    fix: ({ settings: { captured, metadataUrl } }) => ({
      text: "Name the address itself:",
      lines: variableSnippet(
        "NO_PROXY",
        [...(captured?.noProxy ?? "").split(",").filter((name) => name !== ""), hostOf(metadataUrl)].join(
          ",",
        ),
      ),
    }),
    source:
      "learn.microsoft.com, Azure Instance Metadata Service (proxies); @typespec/ts-http-runtime policies/proxyPolicy.ts",
  },
  {
    id: "secret-comes-first",
    title: "A secret of the environment comes before the pod's identity",
    link: "environment",
    likelihood: "hazard",
    when: ({ plane, settings }) =>
      plane.kind === "environment" && (settings.nmiUrl !== undefined || settings.tokenFilePath !== undefined),
    seen: ({ settings }) =>
      `${settings.secretVariable ?? ""} is set, and so is ${
        settings.tokenFilePath === undefined
          ? (settings.nmiUrlFrom ?? "NMI's URL")
          : "AZURE_FEDERATED_TOKEN_FILE"
      }`,
    meaning:
      "DefaultAzureCredential takes what is in the environment first: the tokens are those of an app registration, and neither NMI nor Workload ID is asked.",
    fix: (seen) => ({
      text: "If that is a left-over, take it away (of envFrom, out of the Secret that it names):",
      lines: [
        [
          "kubectl set env",
          "deployment/NAME",
          `-n ${namespace(seen)}`,
          `${seen.settings.secretVariable ?? "AZURE_CLIENT_SECRET"}-`,
        ],
      ],
    }),
    source: "@azure/identity defaultAzureCredential.ts; aad-pod-identity#738",
  },
];
