import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { COMMANDS } from "../../../src/cli/command-table.js";
import { doctor } from "../../../src/cli/doctor.js";
import { uncolored } from "../../../src/cli/demo-paint.js";
import { diagnose } from "../../../src/cli/doctor/diagnose.js";
import { linkStates } from "../../../src/cli/doctor/link-states.js";
import type { Observations } from "../../../src/cli/doctor/observations.js";
import { reportText } from "../../../src/cli/doctor/report-text.js";
import { runCli } from "../../../src/cli/run-cli.js";
import { systemClock } from "../../../src/clock.js";
import { OPTION_TABLE } from "../../../src/config/option-table.js";
import { httpProbe } from "../../../src/gate/http-probe.js";
import { EntraSimulator } from "../../../src/testing/entra.js";
import { mintToken } from "../../../src/testing/mint-token.js";
import { Owned } from "../../integration/support/owned.js";
import {
  POD,
  startInjected,
  startPodNode,
  type Environment,
} from "../../integration/support/worlds/world.js";
import { testIo } from "../cli-io.js";
import { loopbackOnly } from "./loopback-only.js";
import { CLIENT_SECRET, runsOf } from "./secret-runs.js";

/* A secret that was put into the wrong variable: whichever it is, no report of `doctor` shows it. */

/** What `doctor` and the Azure SDK below it read, besides the settings of the library. */
const OTHERS = [
  "AZURE_CLIENT_ID",
  "AZURE_TENANT_ID",
  "AZURE_AUTHORITY_HOST",
  "AZURE_FEDERATED_TOKEN_FILE",
  "AZURE_CLIENT_SECRET",
  "AZURE_CLIENT_CERTIFICATE_PATH",
  "AZURE_CLIENT_CERTIFICATE_PASSWORD",
  "AZURE_USERNAME",
  "AZURE_PASSWORD",
  "AZURE_ADDITIONALLY_ALLOWED_TENANTS",
  "AZURE_REGIONAL_AUTHORITY_NAME",
  "AZURE_TOKEN_CREDENTIALS",
  "AZURE_POD_IDENTITY_AUTHORITY_HOST",
  "IDENTITY_ENDPOINT",
  "IDENTITY_HEADER",
  "IDENTITY_SERVER_THUMBPRINT",
  "IMDS_ENDPOINT",
  "MSI_ENDPOINT",
  "MSI_SECRET",
  "DEFAULT_IDENTITY_CLIENT_ID",
  "KUBERNETES_SERVICE_HOST",
  "HOSTNAME",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "ALL_PROXY",
  "NO_PROXY",
  // Nobody's; the nearest names are looked for.
  "AZURE_IDENTITY_GUARD_GATES",
] as const;

const VARIABLES = [...OPTION_TABLE.map(({ variable }) => variable), ...OTHERS];

/** Variables that mean something only together with others. */
const COMPANY: Readonly<Record<string, Environment>> = {
  IDENTITY_ENDPOINT: { IDENTITY_HEADER: "header" },
  IDENTITY_HEADER: { IDENTITY_ENDPOINT: "http://127.0.0.1:9/token" },
  IDENTITY_SERVER_THUMBPRINT: { IDENTITY_ENDPOINT: "https://127.0.0.1:9/token", IDENTITY_HEADER: "header" },
  IMDS_ENDPOINT: { IDENTITY_ENDPOINT: "http://127.0.0.1:9/token" },
  MSI_ENDPOINT: { MSI_SECRET: "secret" },
  MSI_SECRET: { MSI_ENDPOINT: "http://127.0.0.1:9/token" },
  NO_PROXY: { HTTPS_PROXY: "http://127.0.0.1:9" },
  AZURE_CLIENT_CERTIFICATE_PASSWORD: { AZURE_CLIENT_CERTIFICATE_PATH: "/nowhere.pem" },
  AZURE_USERNAME: { AZURE_PASSWORD: "secret" },
  AZURE_PASSWORD: { AZURE_USERNAME: "somebody" },
};

/** How a secret gets into a variable: alone, or as a part of what belongs there. */
const SHAPES: Readonly<Record<string, (secret: string) => string>> = {
  alone: (secret) => secret,
  "as the password of a URL": (secret) => `http://user:${secret}@127.0.0.1:9/healthz`,
  "as the user name of a URL": (secret) => `https://${secret}@127.0.0.1:9`,
  "as the query of a URL": (secret) => `http://127.0.0.1:9/healthz?key=${secret}`,
  "as the host of a URL": (secret) => `http://${secret}:80/healthz`,
  "as a part of a path": (secret) => `/var/run/${secret}/token`,
  "in a list": (secret) => `a,${secret},b`,
};

let owned: Owned;
let worlds: Readonly<Record<string, Environment>>;
let jwt: string;
let kept: NodeJS.ProcessEnv;

beforeAll(async () => {
  owned = new Owned();
  const { environment } = await startPodNode(owned);
  const injected = await startInjected(owned);
  const entra = owned.own(await EntraSimulator.start());
  worlds = {
    "a pod with NMI": environment,
    "a pod with Workload ID": injected.environment,
    "a pod with a client secret": {
      ...POD,
      ...entra.environment,
      AZURE_FEDERATED_TOKEN_FILE: "",
      AZURE_CLIENT_SECRET: "unknown",
    },
    "a pod without anything": { ...POD, AZURE_POD_IDENTITY_AUTHORITY_HOST: "http://127.0.0.1:9" },
  };
  jwt = await mintToken({ oid: "somebody" });
});

afterAll(async () => await owned[Symbol.asyncDispose]());

beforeEach(() => {
  kept = { ...process.env };
  loopbackOnly();
  // What the credential writes for the application, which the process would show as well.
  vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
});

afterEach(() => {
  for (const name of Object.keys(process.env)) Reflect.deleteProperty(process.env, name);
  Object.assign(process.env, kept);
});

/** The built command would be loaded otherwise. */
const DOCTOR = COMMANDS.filter(({ name }) => name === "doctor").map((row) => ({
  ...row,
  load: () => doctor,
}));

/** All that a report says, in either form. */
async function report(environment: Environment): Promise<string> {
  const io = testIo({ environment, probe: httpProbe });
  await runCli(["doctor", "--timeout", "1s", "--json"], { ...io, clock: systemClock }, DOCTOR);
  const json = io.said.join("\n");
  const { observations: seen } = JSON.parse(json) as { observations: Observations };
  const text = reportText(seen, linkStates(seen), diagnose(seen), uncolored);
  // Lines are broken between words; what is broken elsewhere counts as well.
  return [...io.complained, json, text, text.replace(/\n +/gu, "")].join("\n");
}

/** Where in the report it is. */
function contextOf(run: string, text: string): string {
  const at = text.toLowerCase().indexOf(run);
  return text.slice(Math.max(0, at - 80), at + run.length);
}

/** Fast, but for what is under test. */
const FAST: Environment = {
  AZURE_IDENTITY_GUARD_RETRY_DELAY: "1ms",
  AZURE_IDENTITY_GUARD_RETRY_BUDGET: "1s",
};

/** All shapes where most is read; elsewhere what differs is the source of tokens. */
describe.each([
  ["a pod with NMI", Object.keys(SHAPES)],
  ["a pod with Workload ID", ["alone", "as a part of a path"]],
  ["a pod with a client secret", ["alone"]],
  ["a pod without anything", ["alone"]],
])("in %s no secret is shown", (world, shapes) => {
  test.each(VARIABLES)("that is in %s", { timeout: 60_000 }, async (name) => {
    const shown: string[] = [];
    for (const shape of shapes) {
      for (const secret of [jwt, CLIENT_SECRET]) {
        const value = SHAPES[shape]?.(secret);
        const text = await report({ ...FAST, ...worlds[world], ...COMPANY[name], [name]: value ?? secret });
        const [run] = runsOf(secret, text);
        if (run !== undefined) shown.push(`${shape}: ${contextOf(run, text)}`);
      }
    }
    expect(shown).toEqual([]);
  });
});
