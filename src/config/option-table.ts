import { RETRY_DEFAULTS } from "../retry/retry-budget.js";
import { formatDuration } from "./duration.js";
import { VARIABLE_PREFIX } from "./environment.js";
import { OPTION_KINDS, type OptionKind } from "./option-kind.js";

/** Defaults that no other module owns. Durations in milliseconds. */
export const OPTION_DEFAULTS: {
  readonly pollIntervalMs: number;
  readonly proxyPort: number;
  readonly livenessGraceMs: number;
  readonly readyWhileDegraded: boolean;
  readonly details: boolean;
  readonly page: boolean;
} = Object.freeze({
  pollIntervalMs: 5_000, // NMI's liveness probe has the same period (aad-pod-identity charts, nmi-daemonset.yaml)
  proxyPort: 8_000, // azure-workload-identity pkg/webhook/consts.go
  livenessGraceMs: 30_000,
  readyWhileDegraded: false,
  details: false,
  page: false,
});

/** One setting: as an option, as an environment variable, as a flag of the command line and in the documentation. */
export interface OptionRow {
  /** Path in `GuardOptions`, for example `retry.budgetMs`; `undefined` for what only the environment has. */
  readonly option: string | undefined;
  /** Name among the options of `startProbeServer`, for what belongs to the probe server and to no credential. */
  readonly serverOption?: string;
  readonly variable: string;
  /** For example `--retry-budget`. */
  readonly flag: string;
  readonly kind: OptionKind;
  /** As the variable would be written; `undefined` where unset means none. */
  readonly default: string | undefined;
  /** What the variable and the flag accept. */
  readonly form: string;
  /** What the option accepts. */
  readonly optionForm: string;
  /** One sentence for the documentation. */
  readonly doc: string;
  /** Whether the variable, when set, turns guarding on. */
  readonly concernsTokens: boolean;
}

type Given = Pick<OptionRow, "kind" | "doc"> & Partial<OptionRow>;

function row(option: string | undefined, variable: string, given: Given): OptionRow {
  const { form, optionForm } = OPTION_KINDS[given.kind];
  return Object.freeze({
    option,
    variable,
    flag: `--${variable.replace(VARIABLE_PREFIX, "").toLowerCase().replaceAll("_", "-")}`,
    default: undefined,
    form,
    optionForm: optionForm ?? form,
    // HOST_IP is set in many pods for other reasons; whether it chooses a gate is decided with the gate.
    concernsTokens: variable.startsWith(VARIABLE_PREFIX),
    ...given,
  });
}

const expected = (field: string, name: string, form: string, doc: string): OptionRow =>
  row(`expect.${field}`, `${VARIABLE_PREFIX}EXPECTED_${name}`, { kind: "identifiers", form, doc });

/** Settings of the probe server, which is one for a process and no part of a credential. */
const server = (serverOption: string, given: Given): OptionRow =>
  row(undefined, `${VARIABLE_PREFIX}HEALTH_${serverOption.toUpperCase()}`, {
    serverOption,
    concernsTokens: false,
    ...given,
  });

/** Every setting there is. Variables are read by it, unknown names are found by it, documentation is made of it. */
export const OPTION_TABLE: readonly OptionRow[] = Object.freeze([
  row("gate", `${VARIABLE_PREFIX}GATE`, {
    kind: "gate",
    default: "auto",
    doc: "What says whether the identity plane may be asked for a token now.",
  }),
  row("nmi.hostIp", "HOST_IP", {
    kind: "ipv4",
    doc: "The node's address from the downward API (status.hostIP); turns the gate of NMI, or of the migration proxy, on where the gate is auto.",
  }),
  row("nmi.url", `${VARIABLE_PREFIX}NMI_URL`, {
    kind: "healthUrl",
    default: "http://$HOST_IP:8085/healthz",
    doc: "The whole health URL of NMI.",
  }),
  row("nmi.pollIntervalMs", `${VARIABLE_PREFIX}POLL_INTERVAL`, {
    kind: "duration",
    default: formatDuration(OPTION_DEFAULTS.pollIntervalMs),
    doc: "Time between health checks while the gate is open; while it is closed, at most 1s.",
  }),
  row("proxy.port", `${VARIABLE_PREFIX}PROXY_PORT`, {
    kind: "targetPort",
    default: String(OPTION_DEFAULTS.proxyPort),
    doc: "The port of the Workload ID migration proxy (annotation azure.workload.identity/proxy-sidecar-port).",
  }),
  row("retry.budgetMs", `${VARIABLE_PREFIX}RETRY_BUDGET`, {
    kind: "duration",
    default: formatDuration(RETRY_DEFAULTS.budgetMs),
    doc: "The longest wait of one call.",
  }),
  row("retry.minRetries", `${VARIABLE_PREFIX}MIN_RETRIES`, {
    kind: "count",
    default: String(RETRY_DEFAULTS.minRetries),
    doc: "Retries that must start inside the budget, however slow attempts are; below 4 only with a warning.",
  }),
  row("retry.delayMs", `${VARIABLE_PREFIX}RETRY_DELAY`, {
    kind: "duration",
    default: formatDuration(RETRY_DEFAULTS.delayMs),
    doc: "The delay before the first retry, doubled for each further one.",
  }),
  row("retry.maxDelayMs", `${VARIABLE_PREFIX}RETRY_MAX_DELAY`, {
    kind: "duration",
    default: formatDuration(RETRY_DEFAULTS.maxDelayMs),
    doc: "The largest delay between attempts.",
  }),
  row("retry.attemptTimeoutMs", `${VARIABLE_PREFIX}ATTEMPT_TIMEOUT`, {
    kind: "duration",
    default: formatDuration(RETRY_DEFAULTS.attemptTimeoutMs),
    doc: "The longest time of one attempt.",
  }),
  expected(
    "objectId",
    "OBJECT_ID",
    "GUIDs, separated by commas",
    "Object IDs (oid) of which tokens must have one.",
  ),
  expected("clientId", "CLIENT_ID", "GUIDs, separated by commas", "Client IDs (appid or azp) likewise."),
  expected("tenantId", "TENANT_ID", "GUIDs, separated by commas", "Tenant IDs (tid) likewise."),
  expected(
    "resourceId",
    "RESOURCE_ID",
    "Azure resource IDs, separated by commas",
    "Azure resource IDs of the identity (xms_mirid) likewise.",
  ),
  row("expect.audience", `${VARIABLE_PREFIX}EXPECTED_AUDIENCE`, {
    kind: "audiences",
    doc: "Audiences (aud) of which a token for the scope must have one; scopes that are not named are not checked.",
  }),
  row("expect.unreadable", `${VARIABLE_PREFIX}UNREADABLE_TOKENS`, {
    kind: "unreadable",
    default: "reject",
    doc: "What becomes of a token that is no JWT, or lacks an expected claim.",
  }),
  row("warmUpScopes", `${VARIABLE_PREFIX}WARM_UP_SCOPES`, {
    kind: "scopes",
    doc: "Scopes whose tokens are fetched from construction on; readiness waits for them.",
  }),
  row("health.livenessGraceMs", `${VARIABLE_PREFIX}LIVENESS_GRACE`, {
    kind: "grace",
    default: formatDuration(OPTION_DEFAULTS.livenessGraceMs),
    concernsTokens: false,
    doc: "How long a credential may be failing before liveness fails; never for pods that a restart cannot help.",
  }),
  row("health.readyWhileDegraded", `${VARIABLE_PREFIX}READY_WHILE_DEGRADED`, {
    kind: "flag",
    default: String(OPTION_DEFAULTS.readyWhileDegraded),
    concernsTokens: false,
    doc: "Whether readiness holds in an outage while warm-up tokens have more than 10 min left.",
  }),
  row("health.details", `${VARIABLE_PREFIX}HEALTH_DETAILS`, {
    kind: "flag",
    default: String(OPTION_DEFAULTS.details),
    concernsTokens: false,
    doc: "Whether health pages show object IDs and addresses.",
  }),
  row("health.name", `${VARIABLE_PREFIX}HEALTH_NAME`, {
    kind: "label",
    concernsTokens: false,
    doc: "What pages and metrics call the credential.",
  }),
  row("health.file", `${VARIABLE_PREFIX}HEALTH_FILE`, {
    kind: "filePath",
    concernsTokens: false,
    doc: "A file that exists exactly while every guarded credential of the process is ready, for exec probes (test -f).",
  }),
  server("port", { kind: "port", doc: "Port of the probe server that startProbeServer starts." }),
  server("host", { kind: "host", doc: "Address that the probe server listens on; unset, all interfaces." }),
  server("page", {
    kind: "flag",
    default: String(OPTION_DEFAULTS.page),
    doc: "Whether the probe server has a status page at its root.",
  }),
]);
