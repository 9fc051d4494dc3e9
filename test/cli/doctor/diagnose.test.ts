import { describe, expect, test } from "vitest";
import { diagnose } from "../../../src/cli/doctor/diagnose.js";
import type { Observations } from "../../../src/cli/doctor/observations.js";
import { LIKELIHOODS, type Rule } from "../../../src/cli/doctor/rule.js";
import { RULES } from "../../../src/cli/doctor/rules/all-rules.js";
import {
  CLIENT_ID,
  failure,
  health,
  HEALTHY,
  HEALTH_URL,
  INJECTED,
  injection,
  OID,
  PENDING,
  plane,
  route,
  settings,
} from "./observed.js";

const ids = (seen: Observations): readonly string[] => diagnose(seen).map(({ id }) => id);
const problem = (name: string, value = "(not set)"): Observations["settings"]["problems"] => [
  { name, value, expected: "something else" },
];
const NOT_ASKED = { token: { outcome: "not-asked", why: "the settings cannot be used" } } as const;
const CLOSED = {
  token: {
    outcome: "gate-closed",
    ms: 3,
    reason: "health-refused",
    detail: "refused",
    remedy: "Look at it.",
  },
} as const;
const FEDERATED = { ...plane("workload-identity"), ...INJECTED };
const STRANGER = { saw: { objectId: CLIENT_ID, clientId: OID.replace("5", "6") } };
const { hostIp: _hostIp, nmiUrl: _nmiUrl, nmiUrlFrom: _from, ...WITHOUT_HOST } = HEALTHY.settings;

/** What differs from a healthy pod, and all that has to be found, in order. */
const CASES: readonly (readonly [
  situation: string,
  differs: Partial<Observations>,
  found: readonly string[],
])[] = [
  ["nothing", {}, []],
  [
    "a value that cannot be used",
    { ...settings({ problems: problem("AZURE_IDENTITY_GUARD_GATE", "nmy") }), ...NOT_ASKED },
    ["settings-unusable"],
  ],
  [
    "no HOST_IP where the gate needs it",
    { settings: { ...WITHOUT_HOST, gate: "nmi", problems: problem("HOST_IP") }, ...NOT_ASKED },
    ["host-ip-missing"],
  ],
  ["no HOST_IP, and NMI answers", { settings: WITHOUT_HOST }, ["host-ip-missing"]],
  [
    "a HOST_IP that is no address",
    { ...settings({ problems: problem("HOST_IP", "node-1") }), ...NOT_ASKED },
    ["settings-unusable"],
  ],
  [
    "no injection",
    {
      ...plane("workload-identity"),
      ...injection({
        reason: "not-injected",
        missing: ["AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE"],
      }),
      ...CLOSED,
    },
    ["workload-id-not-injected"],
  ],
  [
    "half an injection, and who answers instead does not know the client ID",
    {
      ...plane("imds"),
      ...route("imds"),
      ...injection({ reason: "not-injected", missing: ["AZURE_FEDERATED_TOKEN_FILE"] }),
      ...settings({ problems: problem("AZURE_FEDERATED_TOKEN_FILE") }),
      ...failure("identity-not-found"),
    },
    ["workload-id-half-injected"],
  ],
  [
    "a client ID where an object ID belongs",
    { ...failure("identity-mismatch", { saw: { objectId: CLIENT_ID, clientId: OID } }) },
    ["expected-client-id"],
  ],
  [
    "one GUID twice",
    { ...settings({ clientId: OID.toUpperCase() }), ...failure("server-error") },
    ["client-id-is-object-id"],
  ],
  [
    "a choice that the Azure SDK does not know",
    { ...settings({ problems: problem("AZURE_TOKEN_CREDENTIALS", "bogus") }), ...NOT_ASKED },
    ["token-credentials-invalid"],
  ],
  [
    "a proxy that is no URL, on the way to Entra ID",
    {
      ...plane("environment"),
      settings: { ...WITHOUT_HOST, proxyWithoutScheme: "HTTPS_PROXY" },
      ...failure("connection-failed"),
    },
    ["proxy-without-scheme"],
  ],
  [
    "a proxy that is no URL, with which the SDK makes no credential",
    {
      ...plane("environment"),
      settings: {
        ...WITHOUT_HOST,
        proxyWithoutScheme: "HTTPS_PROXY",
        problems: problem("EnvironmentCredential"),
      },
      ...NOT_ASKED,
    },
    ["proxy-without-scheme"],
  ],
  [
    "a credential that the SDK refuses for another reason",
    {
      ...plane("environment"),
      settings: { ...WITHOUT_HOST, problems: problem("EnvironmentCredential") },
      ...NOT_ASKED,
    },
    ["settings-unusable"],
  ],
  [
    "a proxy that is no URL, past which NMI is asked",
    settings({
      proxyWithoutScheme: "HTTPS_PROXY",
      captured: { variable: "HTTPS_PROXY", proxy: "a proxy", noProxy: "" },
    }),
    ["proxy-unusable"],
  ],
  [
    "a proxy in the way of the SDK",
    settings({ captured: { variable: "HTTPS_PROXY", proxy: "proxy:3128", noProxy: "" } }),
    ["proxy-captures-metadata"],
  ],
  [
    "a proxy, and Workload ID",
    {
      ...FEDERATED,
      ...settings({ captured: { variable: "HTTPS_PROXY", proxy: "proxy:3128", noProxy: "" } }),
    },
    [],
  ],
  ["a variable that nobody reads", settings({ warnings: ["X has no effect."] }), ["setting-unknown"]],
  [
    "a secret before NMI",
    { ...plane("environment"), ...settings({ secretVariable: "AZURE_CLIENT_SECRET" }) },
    ["secret-comes-first"],
  ],
  ["NMI, and its gate off", settings({ gate: "none" }), ["gate-off"]],
  [
    "nobody expected",
    { ...plane("imds"), ...route("imds"), ...settings({ expected: { objectIds: [], any: false } }) },
    ["unguarded"],
  ],
  ["a clock that is 6 min behind", { clock: { aheadMs: -360_000, against: "IMDS's clock" } }, ["clock-skew"]],
  ["a clock that is 4 min ahead", { clock: { aheadMs: 240_000, against: "IMDS's clock" } }, []],
  [
    "a clock, and a token that seems to have expired",
    { clock: { aheadMs: 90_000_000, against: "IMDS's clock" }, ...failure("token-expired") },
    ["clock-skew", "token-expired"],
  ],
  [
    "the host network",
    { ...settings({ onHostNetwork: true }), ...route("imds"), ...CLOSED },
    ["host-network"],
  ],
  [
    "the host network of a node without NMI",
    { ...settings({ onHostNetwork: true }), ...health("health-refused"), ...route("imds"), ...CLOSED },
    ["host-network"],
  ],
  [
    "NMI at another port",
    { ...health("health-refused", { elsewhere: HEALTH_URL }), ...route("imds"), ...CLOSED },
    ["nmi-health-elsewhere"],
  ],
  ["somebody else at NMI's port", { ...health("health-unexpected"), ...CLOSED }, ["nmi-health-foreign"]],
  ["no rule", { ...route("imds"), ...CLOSED }, ["nmi-rule-gone"]],
  ["no rule yet", { ...health("not-active"), ...route("imds"), ...CLOSED }, ["nmi-not-active"]],
  ["NMI, and health at another node", { ...health("health-timeout"), ...CLOSED }, ["nmi-health-other-node"]],
  [
    "no NMI",
    { ...health("health-refused"), ...route("imds"), ...CLOSED },
    ["nmi-down", "nmi-not-in-cluster"],
  ],
  [
    "no NMI, whose URL was given",
    {
      ...settings({ nmiUrlFrom: "AZURE_IDENTITY_GUARD_NMI_URL" }),
      ...health("health-refused"),
      ...route("imds"),
      ...CLOSED,
    },
    ["nmi-down"],
  ],
  ["NMI after a crash", { ...health("health-refused"), ...route("unreachable"), ...CLOSED }, ["nmi-crashed"]],
  [
    "a health port that hangs",
    { ...health("health-timeout"), ...route("unreachable"), ...CLOSED },
    ["health-blocked"],
  ],
  [
    "a token port that hangs",
    { ...route("unreachable", "no answer on the token path within 1s"), ...CLOSED },
    ["nmi-token-port-blocked"],
  ],
  ["a token port that refuses", { ...route("unreachable"), ...CLOSED }, ["nmi-token-port-refused"]],
  ["the proxy in NMI's place", { ...route("proxy"), ...CLOSED }, ["nmi-proxied"]],
  ["a mesh before NMI", route("unknown"), ["answerer-unknown"]],
  [
    "the proxy without its redirect",
    {
      ...plane("proxy"),
      ...settings({ gate: "proxy" }),
      ...route("imds"),
      proxyPort: route("proxy").route,
      ...CLOSED,
    },
    ["proxy-redirect-missing"],
  ],
  [
    "the proxy of a pod that uses Workload ID itself",
    { ...FEDERATED, ...route("imds"), proxyPort: route("proxy").route },
    [],
  ],
  [
    "no proxy",
    { ...plane("proxy"), ...settings({ gate: "proxy" }), ...route("unreachable"), ...CLOSED },
    ["proxy-down"],
  ],
  [
    "an injected value that is none",
    { ...FEDERATED, ...injection({ reason: "injection-invalid" }), ...CLOSED },
    ["injection-invalid"],
  ],
  [
    "no token file",
    { ...FEDERATED, ...injection({ reason: "token-file-missing" }), ...CLOSED },
    ["token-file-missing"],
  ],
  [
    "a token file of another user",
    { ...FEDERATED, ...injection({ reason: "token-file-unreadable" }), ...CLOSED },
    ["token-file-unreadable"],
  ],
  [
    "a stale token file",
    { ...FEDERATED, ...injection({ reason: "token-file-expired", ageMs: 7_200_000 }), ...CLOSED },
    ["token-file-stale"],
  ],
  [
    "a stale token file, by a wrong clock",
    {
      ...FEDERATED,
      ...injection({ reason: "token-file-expired" }),
      clock: { aheadMs: 7_200_000, against: "Entra ID's clock" },
      ...CLOSED,
    },
    ["clock-skew", "token-file-stale"],
  ],
  [
    "a token for another audience",
    {
      ...FEDERATED,
      ...injection({ audience: ["https://kubernetes"] }),
      ...failure("federation-pending", { message: "AADSTS700212: audience" }),
    },
    ["wrong-audience"],
  ],
  [
    "another audience that Entra ID takes",
    { ...FEDERATED, ...injection({ audience: ["api://AzureADTokenExchangeUSGov"] }) },
    [],
  ],
  [
    "no federated credential",
    { ...FEDERATED, ...failure("federation-pending", { message: "AADSTS70021: none" }) },
    ["federated-credential-missing"],
  ],
  [
    "another issuer",
    { ...FEDERATED, ...failure("federation-pending", { message: "AADSTS700211: none" }) },
    ["federated-credential-issuer"],
  ],
  [
    "another audience of the credential",
    { ...FEDERATED, ...failure("federation-pending", { message: "AADSTS700212: none" }) },
    ["federated-credential-audience"],
  ],
  [
    "another subject",
    { ...FEDERATED, ...failure("federation-pending", { message: "AADSTS700213: none" }) },
    ["federated-credential-subject"],
  ],
  [
    "an issuer that cannot be reached",
    { ...FEDERATED, ...failure("server-error", { message: "AADSTS90061: failed" }) },
    ["issuer-unreachable"],
  ],
  [
    "an unknown application",
    { ...FEDERATED, ...failure("application-not-found", { message: "AADSTS700016: none" }) },
    ["application-not-found"],
  ],
  [
    "no way to Entra ID",
    {
      ...FEDERATED,
      entra: { url: "https://entra.example", answered: false, detail: "ETIMEDOUT", ms: 3_000 },
      ...failure("timeout"),
    },
    ["entra-unreachable"],
  ],
  [
    "another certificate than Entra ID's",
    {
      ...FEDERATED,
      entra: {
        url: "https://entra.example",
        answered: false,
        detail: "no connection: UNABLE_TO_VERIFY_LEAF_SIGNATURE",
        ms: 30,
      },
      ...failure("connection-failed"),
    },
    ["entra-certificate"],
  ],
  [
    "a token in spite of it",
    {
      ...FEDERATED,
      entra: { url: "https://entra.example", answered: false, detail: "ETIMEDOUT", ms: 3_000 },
    },
    [],
  ],
  [
    "an assertion outside its time",
    { ...FEDERATED, ...failure("assertion-expired") },
    ["assertion-outside-its-time"],
  ],
  [
    "no plane",
    {
      ...plane("none"),
      ...route("unreachable"),
      pod: { inKubernetes: false },
      ...failure("no-identity-source"),
    },
    ["no-plane"],
  ],
  [
    "no plane, and a login of a developer",
    { ...plane("none"), ...route("unreachable"), pod: { inKubernetes: false } },
    ["developer-login"],
  ],
  [
    "no plane in Kubernetes",
    { ...plane("none"), ...route("unreachable"), ...failure("connection-failed") },
    ["metadata-unreachable"],
  ],
  [
    "several identities",
    { ...plane("imds"), ...route("imds"), ...failure("multiple-identities") },
    ["several-identities"],
  ],
  [
    "a client ID in capital letters",
    { ...settings({ clientId: CLIENT_ID.toUpperCase() }), ...failure("binding-not-found") },
    ["client-id-case"],
  ],
  ["an unknown client ID", failure("binding-not-found"), ["client-id-unknown"]],
  ["an identity that is not on the node", failure("identity-not-found"), ["identity-not-on-node"]],
  [
    "an app without the identity",
    {
      ...plane("app-service"),
      ...failure("invalid-request", {
        message: "No User Assigned or Delegated Managed Identity found for specified ClientId",
      }),
    },
    ["app-lacks-identity"],
  ],
  ["a request on hold", PENDING, ["assignment-pending", "client-id-maybe-unknown", "imds-maybe-throttled"]],
  [
    "a request on hold beyond an attempt's time",
    failure("timeout"),
    ["assignment-pending", "client-id-maybe-unknown", "imds-maybe-throttled"],
  ],
  ["an assignment that NMI says is pending", failure("assignment-pending"), ["assignment-pending"]],
  ["a limit", failure("throttled"), ["throttled"]],
  ["an update", failure("imds-updating"), ["imds-updating"]],
  ["another identity", failure("identity-mismatch", STRANGER), ["wrong-identity"]],
  ["an expired token", failure("token-expired"), ["token-expired"]],
  ["a gate that nobody has a word for", { ...CLOSED }, ["gate-closed"]],
  ["a failure that nobody has a word for", failure("server-error"), ["token-refused"]],
  [
    "silence that nobody has a word for",
    { ...plane("imds"), ...route("imds"), ...PENDING },
    ["token-pending"],
  ],
  [
    "a hazard and a failure that nobody has a word for",
    { ...settings({ warnings: ["X has no effect."] }), ...failure("server-error") },
    ["token-refused", "setting-unknown"],
  ],
];

describe("what is found", () => {
  test.each(CASES)("where there is %s", (_situation, differs, found) => {
    expect(ids({ ...HEALTHY, ...differs })).toEqual(found);
  });

  test("every rule is met by one of these", () => {
    const met = new Set(CASES.flatMap(([, , found]) => found));
    expect(RULES.map(({ id }) => id).filter((id) => !met.has(id))).toEqual([]);
  });
});

describe("a finding", () => {
  const findings = CASES.flatMap(([, differs]) => diagnose({ ...HEALTHY, ...differs }));

  test("says what was seen, what it means, what to do, and where that is known from", () => {
    for (const { id, seen, meaning, fix, source } of findings) {
      for (const text of [seen, meaning, fix.text, source]) {
        expect(text, id).toMatch(/\S/u);
        expect(text, id).not.toMatch(/undefined|\bnull\b|\[object/u);
      }
    }
  });

  test("has the namespace and the name of the pod in the lines to be copied", () => {
    const [finding] = diagnose({ ...HEALTHY, ...failure("binding-not-found") });
    expect(finding?.fix.lines?.flat().join(" ")).toContain("kubectl get pod app-6d4b75cb6d-hs5gr -n shop");
  });

  test("has what was presented in the lines that make Entra ID trust it", () => {
    const [finding] = diagnose({
      ...HEALTHY,
      ...FEDERATED,
      ...failure("federation-pending", { message: "AADSTS70021: none" }),
    });
    const lines = finding?.fix.lines?.flat().join(" ");
    expect(lines).toContain("--issuer https://oidc.example/ --subject system:serviceaccount:shop:app");
  });

  test("has the address that was captured in NO_PROXY, behind what is there", () => {
    const captured = { variable: "HTTP_PROXY", proxy: "proxy:3128", noProxy: "10.0.0.0/8,.svc" };
    const [finding] = diagnose({ ...HEALTHY, ...settings({ captured }) });
    expect(finding?.fix.lines?.flat()).toContain('    value: "10.0.0.0/8,.svc,169.254.169.254"');
  });
});

describe("the order", () => {
  const rule = (id: string, likelihood: Rule["likelihood"], more: Partial<Rule> = {}): Rule => ({
    id,
    title: id,
    link: "token",
    likelihood,
    when: () => true,
    seen: "seen",
    meaning: "meaning",
    fix: { text: "fix" },
    source: "source",
    ...more,
  });

  test("is that of likelihood, and then that of the table", () => {
    const rules = [
      rule("a", "hazard"),
      rule("b", "possible"),
      rule("c", "certain"),
      rule("d", "likely"),
      rule("e", "certain"),
    ];
    expect(diagnose(HEALTHY, rules).map(({ id }) => id)).toEqual(["c", "e", "d", "b", "a"]);
  });

  test("has what falls back only where no cause is known", () => {
    const fallback = rule("fallback", "likely", { fallback: true });
    const found = (rules: readonly Rule[]): readonly string[] => diagnose(HEALTHY, rules).map(({ id }) => id);
    expect(found([fallback, rule("cause", "possible")])).toEqual(["cause"]);
    expect(found([fallback, rule("hazard", "hazard")])).toEqual(["fallback", "hazard"]);
  });

  test("is that of the table in which each rule has a name of its own", () => {
    expect(new Set(RULES.map(({ id }) => id)).size).toBe(RULES.length);
    expect(RULES.every(({ likelihood }) => LIKELIHOODS.includes(likelihood))).toBe(true);
  });
});
