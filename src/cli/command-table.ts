import { formatDuration } from "../config/duration.js";
import { CHECK_TIMEOUT_MS, checkNmi } from "./check-nmi.js";
import type { CommandRow } from "./command.js";
import { HELP_FLAG, JSON_FLAG, optionFlags, ownFlag, type FlagRow, USAGE } from "./flag-table.js";
import { fromLibrary } from "./load-command.js";
import { NMI_FLAGS } from "./nmi-target.js";
import { SERVE_PORT } from "./serve-port.js";
import { printedCommands } from "./printed-commands.js";
import { waitNmi } from "./wait-nmi.js";
import { INTERVAL_FLAG, TIMEOUT_FLAG } from "./waiting.js";

const CHECK_TIMEOUT: FlagRow = ownFlag("--timeout", {
  kind: "duration",
  default: formatDuration(CHECK_TIMEOUT_MS),
  doc: "Time for the whole process: the timeoutSeconds of the probe.",
});

const SCOPE: FlagRow = ownFlag("--scope", {
  kind: "text",
  value: "SCOPE",
  doc: "What the token is for, such as https://vault.azure.net/.default.",
});

/** The identity to ask for; the variable is the Azure SDK's own. */
const CLIENT_ID: FlagRow = ownFlag("--client-id", {
  kind: "text",
  value: "ID",
  variable: "AZURE_CLIENT_ID",
  doc: "Client ID of the user-assigned identity to ask for.",
});

const NMI_INTERVAL: FlagRow = { ...INTERVAL_FLAG, doc: "Time between two looks; a second at the least." };

/** A token is asked for at growing distances; who wants them even says so. */
const ATTEMPT_INTERVAL: FlagRow = {
  ...INTERVAL_FLAG,
  default: "800ms, growing to 5s",
  variable: "AZURE_IDENTITY_GUARD_RETRY_DELAY",
  also: ["AZURE_IDENTITY_GUARD_RETRY_MAX_DELAY"],
  doc: "Time between two attempts.",
};

/** Whose token, by which plane, and whose it must be. */
const TOKEN_FLAGS: readonly FlagRow[] = [CLIENT_ID, ...optionFlags("expect", "gate", "nmi", "proxy")];

/** In a sidecar, where the settings of a probe server are what the process is for. */
const SERVED: Readonly<Record<string, Partial<FlagRow>>> = {
  "--health-port": { default: String(SERVE_PORT), doc: "Port to serve on." },
  "--health-page": { default: "true", doc: "Whether there is a status page at /." },
};

const SERVE_FLAGS: readonly FlagRow[] = optionFlags("health", "warmUpScopes").map((row) => ({
  ...row,
  ...SERVED[row.flag],
}));

/** Every command there is, in the order of the help. */
export const COMMANDS: readonly CommandRow[] = [
  {
    name: "wait nmi",
    summary: "Block until NMI is active and in the path of token requests.",
    description: [
      "For an init container: the application starts once the node's agent answers",
      "Active and token requests go to it, and not past it to the node's own identity.",
    ],
    examples: [
      ["wait nmi", "the node's address from HOST_IP, for as long as it takes"],
      ["wait nmi --timeout 5m", "then give up, and let the kubelet start over"],
    ],
    flags: [TIMEOUT_FLAG, NMI_INTERVAL, ...NMI_FLAGS, JSON_FLAG, HELP_FLAG],
    exits: [[0, "NMI is active"], [1, "timed out"], USAGE],
    load: () => waitNmi,
  },
  {
    name: "wait token",
    summary: "Block until a verified token is had.",
    description: [
      "For an init container: the application starts once the right identity's token",
      "comes through the right plane. Ends with 1 at once where waiting cannot help.",
      "Under the migration proxy it would wait for ever, since the proxy starts after",
      "the init containers: use check token as a startup probe there.",
    ],
    examples: [
      ["wait token --scope https://vault.azure.net/.default", "of any identity, by the plane that is found"],
      [
        "wait token --scope https://vault.azure.net/.default --expect-oid OID",
        "and of no other identity than this one",
      ],
    ],
    flags: [
      SCOPE,
      TIMEOUT_FLAG,
      ATTEMPT_INTERVAL,
      ...TOKEN_FLAGS,
      ...optionFlags("retry"),
      JSON_FLAG,
      HELP_FLAG,
    ],
    exits: [[0, "a verified token was had"], [1, "timed out, or refused for good"], USAGE],
    load: fromLibrary("waitToken"),
  },
  {
    name: "wait arm",
    summary: "Block until Azure Resource Manager has accepted a verified token.",
    description: [
      "What az login --identity proves before it says that it succeeded: the token is",
      "had, and subscriptions can be listed with it.",
    ],
    examples: [
      ["wait arm --expect-oid OID", "in the public cloud"],
      ["wait arm --arm-endpoint https://management.usgovcloudapi.net", "in another one"],
    ],
    flags: [
      ownFlag("--arm-endpoint", {
        kind: "text",
        value: "URL",
        default: "https://management.azure.com",
        doc: "Azure Resource Manager of the cloud.",
      }),
      { ...SCOPE, doc: "What the token is for.", default: "that of the endpoint" },
      TIMEOUT_FLAG,
      INTERVAL_FLAG,
      ...TOKEN_FLAGS,
      JSON_FLAG,
      HELP_FLAG,
    ],
    exits: [[0, "the token was accepted"], [1, "timed out, or the token is refused for good"], USAGE],
    load: fromLibrary("waitArm"),
  },
  {
    name: "check nmi",
    summary: "Look once whether NMI is active and in the path; for exec probes.",
    description: [
      "One health request and one request that shows who answers token requests.",
      "Unlike a request for the status alone, it fails where NMI says Not Active.",
    ],
    examples: [
      ["check nmi", "the node's address from HOST_IP, within 1 s"],
      ["check nmi --host-ip 10.240.0.4 --timeout 2s", "with timeoutSeconds: 3"],
    ],
    flags: [CHECK_TIMEOUT, ...NMI_FLAGS, JSON_FLAG, HELP_FLAG],
    exits: [[0, "NMI is active and in the path"], [1, "it is not, or did not answer in time"], USAGE],
    load: () => checkNmi,
  },
  {
    name: "check token",
    summary: "Get one verified token; for exec probes and for people.",
    description: [
      "Asks once, and prints whom the token names: oid, client ID, tenant, resource ID,",
      "audience and expiry. Never the token. Each run asks the plane anew: probes of",
      "many pods are better served by the sidecar, or by the application itself.",
    ],
    examples: [
      ["check token --scope https://vault.azure.net/.default", "whose token is it?"],
      ["check token --scope https://vault.azure.net/.default --expect-oid OID", "fail where it is another's"],
    ],
    flags: [SCOPE, CHECK_TIMEOUT, ...TOKEN_FLAGS, JSON_FLAG, HELP_FLAG],
    exits: [[0, "a verified token was had"], [1, "it was not, or not in time"], USAGE],
    load: fromLibrary("checkToken"),
  },
  {
    name: "serve",
    summary: "Serve probes, metrics and a status page for the pod's plane; a sidecar.",
    description: [
      "For applications that cannot use the library. Paths: /startupz, /readyz, /livez,",
      "/metrics, and the status page at /. Runs until it is told to end.",
    ],
    examples: [
      ["serve --port 8086", "the gate alone"],
      ["serve --warm-up-scopes https://vault.azure.net/.default", "and a token that is kept fresh"],
    ],
    flags: [...SERVE_FLAGS, ...TOKEN_FLAGS, ...optionFlags("retry"), JSON_FLAG, HELP_FLAG],
    exits: [[1, "the address cannot be listened on"], USAGE],
    load: fromLibrary("serve"),
  },
  {
    name: "doctor",
    summary: "Find out what is wrong with this pod's identity, and what to do.",
    description: [
      "For a person, in the pod: which plane is this, where does the chain to a token",
      "break, what does that mean, and the lines that mend it. The most likely cause",
      "comes first. Takes ten seconds at most, and prints no token.",
    ],
    examples: [
      ["doctor", "kubectl exec -it POD -- npx azure-identity-guard doctor"],
      ["doctor --expect-oid OID", "and is it the right identity?"],
      ["doctor --timeout 2m --json", "wait for an assignment, for a ticket"],
    ],
    flags: [
      { ...SCOPE, default: "https://management.azure.com/.default" },
      ownFlag("--timeout", { kind: "duration", default: "10s", doc: "Time for everything." }),
      ...TOKEN_FLAGS,
      JSON_FLAG,
      HELP_FLAG,
    ],
    exits: [
      [0, "nothing is wrong"],
      [1, "with findings"],
      [2, "the command line cannot be used"],
    ],
    load: fromLibrary("doctor"),
  },
  ...printedCommands(() => COMMANDS),
];
