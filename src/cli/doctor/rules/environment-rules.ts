import { HOST_IP_LINES, injectionLines, variableSnippet } from "../copied-lines.js";
import type { Observations, SettingsFacts } from "../observations.js";
import type { Rule } from "../rule.js";
import { TOKEN_CREDENTIALS } from "./sdk-variable-rules.js";

const INJECTED: readonly string[] = ["AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE"];

const lacksHostIp = ({ settings }: Observations): boolean => settings.hostIp === undefined;

/** What no rule of its own speaks of. */
function otherProblems({ settings, injection }: Observations): SettingsFacts["problems"] {
  return settings.problems.filter(({ name }) => {
    if (name === TOKEN_CREDENTIALS) return false;
    // The SDK refuses whatever it is given with such a proxy.
    if (name.endsWith("Credential")) return settings.proxyWithoutScheme === undefined;
    if (name === "HOST_IP") return settings.hostIp !== undefined;
    return injection?.reason !== "not-injected" || !name.split(", ").every((each) => INJECTED.includes(each));
  });
}

function notInjected({ injection }: Observations, wholly: boolean): boolean {
  if (injection?.reason !== "not-injected") return false;
  return wholly === (injection.missing.length === INJECTED.length);
}

function sawClientId({ token }: Observations): string | undefined {
  return token.outcome === "failed" ? token.saw?.clientId : undefined;
}

/** A client ID that is expected as an object ID. */
function confused(seen: Observations): string | undefined {
  const id = sawClientId(seen)?.toLowerCase();
  return id !== undefined && seen.settings.expected.objectIds.includes(id) ? id : undefined;
}

/** The same GUID in both variables, and no token that would tell which of them is wrong. */
function sameTwice(seen: Observations): string | undefined {
  const { clientId = "", expected } = seen.settings;
  const same = expected.objectIds.includes(clientId.toLowerCase()) && seen.token.outcome !== "token";
  return same && confused(seen) === undefined ? clientId : undefined;
}

/** What the variables say, and what they lack. */
export const ENVIRONMENT_RULES: readonly Rule[] = [
  {
    id: "settings-unusable",
    title: "A setting cannot be used",
    link: "environment",
    likelihood: "certain",
    when: (seen) => otherProblems(seen).length > 0,
    seen: (seen) =>
      otherProblems(seen)
        .map(({ name, value }) => `${name} is ${value}`)
        .join("; "),
    meaning: "The guard refuses to start with a value that it would have to guess at.",
    fix: (seen) => ({
      text: otherProblems(seen)
        .map(({ name, expected }) => `Give ${name} ${expected}.`)
        .join(" "),
    }),
    source: "azure-identity-guard README, Settings",
  },
  {
    id: "host-ip-missing",
    title: "The node's address is missing: HOST_IP is not set",
    link: "environment",
    likelihood: "certain",
    when: (seen) =>
      seen.settings.problems.some(({ name }) => name === "HOST_IP" && lacksHostIp(seen)) ||
      (seen.plane.kind === "nmi" && seen.settings.gate === "auto" && seen.settings.nmiUrl === undefined),
    seen: ({ route }) =>
      route?.route === "nmi"
        ? "NMI answers token requests, and neither HOST_IP nor AZURE_IDENTITY_GUARD_NMI_URL is set"
        : "the gate is nmi, and neither HOST_IP nor AZURE_IDENTITY_GUARD_NMI_URL is set",
    meaning:
      "NMI's health is on the node's own address, which a pod learns from the downward API alone. Without it nobody sees NMI go, and the node's identity answers then.",
    fix: { text: "Add to the container:", lines: HOST_IP_LINES },
    source: "aad-pod-identity pkg/probes/probes.go; charts nmi-daemonset.yaml (hostNetwork)",
  },
  {
    id: "workload-id-not-injected",
    title: "The Workload ID webhook missed this pod",
    link: "environment",
    likelihood: "certain",
    when: (seen) => notInjected(seen, true),
    seen: "Workload ID is asked for, and none of its variables is set",
    meaning:
      "The label is missing, or it is on the Deployment and not in its pod template. Whoever asks now gets the node's identity. A restart of the container injects nothing.",
    fix: (seen) => ({ text: "Label the pod, and recreate it:", lines: injectionLines(seen) }),
    source: "azure-workload-identity pkg/webhook/webhook.go; #790",
  },
  {
    id: "workload-id-half-injected",
    title: "The Workload ID webhook injected only a part",
    link: "environment",
    likelihood: "certain",
    when: (seen) => notInjected(seen, false),
    seen: ({ injection }) => injection?.detail ?? "",
    meaning: ({ injection }) =>
      injection?.missing.includes("AZURE_CLIENT_ID") === true
        ? "The service account has no client ID annotated, or had none when the pod was created. The Azure SDK goes on to the node's identity then."
        : "The webhook was not there when the pod was created, and what is set comes from the pod itself. The Azure SDK goes on to the node's identity then.",
    fix: (seen) => ({
      text: "Complete what the webhook needs, and recreate the pod:",
      lines: injectionLines(seen),
    }),
    source: "azure-workload-identity pkg/webhook/webhook.go; #525, #601",
  },
  {
    id: "expected-client-id",
    title: "A client ID is expected where an object ID belongs",
    link: "claims",
    likelihood: "certain",
    when: (seen) => confused(seen) !== undefined,
    seen: (seen) =>
      `AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID is ${confused(seen) ?? ""}, which is a client ID`,
    meaning: "Tokens name the principal (oid). An identity's client ID and its principal ID are two GUIDs.",
    fix: (seen) => ({
      text: "Expect the principal ID, or expect the client ID by its own variable:",
      lines: [
        ["az identity show", "-g GROUP -n IDENTITY", "--query principalId -o tsv"],
        ...variableSnippet("AZURE_IDENTITY_GUARD_EXPECTED_CLIENT_ID", confused(seen) ?? ""),
      ],
    }),
    source: "learn.microsoft.com, Access token claims reference (oid, appid)",
  },
  {
    id: "client-id-is-object-id",
    title: "One GUID is both the client ID and the expected object ID",
    link: "environment",
    likelihood: "certain",
    when: (seen) => sameTwice(seen) !== undefined,
    seen: (seen) =>
      `AZURE_CLIENT_ID and AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID are both ${sameTwice(seen) ?? ""}`,
    meaning:
      "An identity's client ID and its principal ID are two GUIDs: one of the variables has the other's.",
    fix: {
      text: "Take both from the identity:",
      lines: [
        ["az identity show", "-g GROUP -n IDENTITY", '--query "{clientId:clientId, objectId:principalId}"'],
      ],
    },
    source: "learn.microsoft.com, Access token claims reference (oid, appid)",
  },
  {
    id: "setting-unknown",
    title: "A setting has no effect",
    link: "environment",
    likelihood: "hazard",
    when: ({ settings }) => settings.warnings.length > 0,
    seen: ({ settings }) => settings.warnings.join(" "),
    meaning: "A variable that nobody reads guards nothing.",
    fix: { text: "Correct its name, or remove it." },
    source: "azure-identity-guard README, Settings",
  },
  {
    id: "gate-off",
    title: "NMI answers, and its gate is off",
    link: "environment",
    likelihood: "hazard",
    when: ({ plane, settings }) => plane.kind === "nmi" && settings.gate === "none",
    seen: "AZURE_IDENTITY_GUARD_GATE is none, and NMI answers token requests",
    meaning: "When NMI goes, the node's own identity answers, and only an expectation notices.",
    fix: {
      text: "Turn the gate on:",
      lines: [...HOST_IP_LINES, ...variableSnippet("AZURE_IDENTITY_GUARD_GATE", "nmi").slice(1)],
    },
    source: "aad-pod-identity website, Known Issues",
  },
  {
    id: "unguarded",
    title: "Nobody would notice another identity's token",
    link: "claims",
    likelihood: "hazard",
    when: ({ pod, plane, settings, token }) =>
      pod.inKubernetes && plane.kind === "imds" && !settings.expected.any && token.outcome === "token",
    seen: ({ token }) =>
      `in Kubernetes, with no gate and no expectation, a token of ${
        (token.outcome === "token" ? token.identity?.objectId : undefined) ?? "somebody"
      } came from IMDS`,
    meaning: "Any pod of the node gets this token: it belongs to the machine, and not to the pod.",
    fix: ({ token }) => ({
      text: "If it is the right one, say so:",
      lines: variableSnippet(
        "AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID",
        (token.outcome === "token" ? token.identity?.objectId : undefined) ?? "OBJECT_ID",
      ),
    }),
    source: "learn.microsoft.com, Managed identities for Azure resources frequently asked questions",
  },
];
