import { expect, test } from "vitest";
import { EntraSimulator } from "../../src/testing/entra.js";
import { MigrationProxy } from "../../src/testing/proxy.js";
import { expectGenerated, markdownTable } from "../generated.js";
import { eventually } from "./support/eventually.js";
import { startNode } from "./support/node.js";
import { ProbedApplication } from "./support/probed.js";
import { gatedEnvironment, IN_KUBERNETES, SCOPE } from "./support/setups.js";

const GUIDE = new URL("../../examples/migration/README.md", import.meta.url);
/** The node's own identity, which answers whoever is not the agent's. */
const NODE = { systemAssigned: { name: "node" } } as const;
const WARM = { AZURE_IDENTITY_GUARD_WARM_UP_SCOPES: SCOPE, AZURE_IDENTITY_GUARD_RETRY_MAX_DELAY: "1s" };

type Row = readonly [situation: string, probes: string, says: string];

/** What the probes come to say; `says` is a part of it that tells one situation from the one before. */
async function row(application: ProbedApplication, situation: string, says: string): Promise<Row> {
  const body = async (): Promise<string> => (await application.ask("/readyz?verbose")).body;
  await eventually(async () => (await body()).includes(says));
  const lines = (await body()).split("\n").filter((line) => line.startsWith("["));
  return [situation, await application.probes(), lines.map((line) => `\`${line}\``).join("<br>")];
}

const READY = "readyz check passed";

async function podIdentity(): Promise<readonly Row[]> {
  await using node = await startNode({ ...NODE, nmi: { state: "down" } });
  await using application = await ProbedApplication.start({ ...gatedEnvironment(node), ...WARM });
  const down = await row(application, "NMI is not there yet", "health-refused");
  await node.nmi.setState("not-active");
  const starting = await row(application, "NMI says `Not Active`", "not-active");
  await node.nmi.setState("active");
  const active = await row(application, "NMI is active", READY);
  await node.nmi.dropRule();
  const bypassed = await row(application, "NMI's rule is gone, IMDS answers", "route-bypassed");
  return [down, starting, active, bypassed];
}

async function proxy(): Promise<readonly Row[]> {
  await using entra = await EntraSimulator.start({ federatedCredentials: [] });
  await using node = await startNode({ ...NODE, nmi: { state: "down" } });
  await using sidecar = await MigrationProxy.start({ entra });
  await node.setRedirect(sidecar);
  await using application = await ProbedApplication.start({
    ...gatedEnvironment(node),
    AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: entra.identity.objectId,
    AZURE_IDENTITY_GUARD_GATE: "proxy",
    AZURE_IDENTITY_GUARD_PROXY_PORT: new URL(sidecar.url).port,
    ...WARM,
  });
  const pending = await row(application, "the federated credential is not known yet", "federation-pending");
  entra.federatedCredentials.add(entra.identity);
  const ready = await row(application, "the federated credential is known", READY);
  await node.setRedirect(undefined);
  const bypassed = await row(application, "the redirect is not there, IMDS answers", "gate failed");
  return [pending, ready, bypassed];
}

async function notInjected(): Promise<readonly Row[]> {
  await using node = await startNode({ ...NODE, nmi: { state: "down" } });
  const { HOST_IP: _address, AZURE_IDENTITY_GUARD_NMI_URL: _url, ...route } = gatedEnvironment(node);
  await using application = await ProbedApplication.start({
    ...route,
    AZURE_IDENTITY_GUARD_GATE: "workload-identity",
    ...WARM,
  });
  const missed = await row(application, "the webhook missed the pod", "not-injected");
  expect(node.requests).toEqual([]);
  return [missed];
}

async function workloadId(): Promise<readonly Row[]> {
  await using entra = await EntraSimulator.start({ federatedCredentials: [] });
  await using application = await ProbedApplication.start({
    ...IN_KUBERNETES,
    ...entra.environment,
    AZURE_AUTHORITY_HOST: "https://login.microsoftonline.com/",
    AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: entra.identity.objectId,
    AZURE_IDENTITY_GUARD_GATE: "workload-identity",
    ...WARM,
  });
  const pending = await row(application, "the federated credential is not known yet", "federation-pending");
  entra.federatedCredentials.add(entra.identity);
  const ready = await row(application, "the federated credential is known", READY);
  entra.tokenFile.remove();
  const missing = await row(application, "the token file is gone", "gate failed");
  return [pending, ready, missing];
}

test("the guide of the migration shows what the probes say at each step; UPDATE_README=1 writes it anew", async () => {
  const steps = {
    "1 guard, pod identity": podIdentity(),
    "3 migration proxy": proxy(),
    "4 Workload ID, at first": notInjected(),
    "4 Workload ID": workloadId(),
  };
  const rows: string[][] = [];
  for (const [step, found] of Object.entries(steps)) {
    for (const [situation, probes, says] of await found) {
      rows.push([step, situation, ...probes.split(" "), says]);
    }
  }
  const head = ["step", "situation", "`/startupz`", "`/readyz`", "`/livez`", "`/readyz?verbose` says"];
  expectGenerated(GUIDE, "probes", markdownTable(head, rows));
});
