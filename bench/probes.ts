// What does a probe cost, against the least that a node:http server can answer? And does one ever ask the node?
import { fork } from "node:child_process";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { ManagedIdentityCredential } from "azure-identity-guard";
import { createProbeHandler } from "azure-identity-guard/probes";
import { healthyNode } from "./node.js";
import { summarize, table, type Row } from "./statistics.js";

const quick = process.argv.includes("--quick");
const ROUNDS = quick ? 12 : 80;
/** Short, so that the contenders of one round meet the same machine: a shared one changes from second to second. */
const ROUND_MS = 80;
const CONNECTIONS = 16;
const AIM = 0.9;

const { simulator, environment } = await healthyNode();
// All rounds together are shorter: no check of the watcher falls into them, and any request that is seen is a probe's.
Object.assign(process.env, environment, { AZURE_IDENTITY_GUARD_POLL_INTERVAL: "60s" });
const credential = new ManagedIdentityCredential();
await credential.getToken("https://vault.azure.net/.default");

const bare: RequestListener = (_request, response) => void response.end("ok");
const sameHeaders: RequestListener = (_request, response) => {
  response.writeHead(200, {
    "content-type": "text/plain; charset=utf-8",
    "cache-control": "no-store",
    "content-length": 2,
  });
  response.end("ok");
};
const probes = createProbeHandler();
const servers = {
  bare: await started(bare),
  sameHeaders: await started(sameHeaders),
  probes: await started(probes),
};
const contenders: readonly { readonly name: string; readonly server: Server; readonly path: string }[] = [
  { name: "bare node:http", server: servers.bare, path: "/readyz" },
  { name: "bare, with the headers of a probe", server: servers.sameHeaders, path: "/readyz" },
  { name: "/readyz", server: servers.probes, path: "/readyz" },
  { name: "/livez", server: servers.probes, path: "/livez" },
];

const load = fork(fileURLToPath(new URL("../../bench/programs/probe-load.mjs", import.meta.url)), {
  execArgv: [],
});
const samples = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
const before = simulator.requests.length;
for (let round = -8; round < ROUNDS; round++) {
  for (const { name, server, path } of contenders) {
    const { count, failed, ms } = await run(server, path);
    if (failed > 0) throw new Error(`${failed} of ${count} requests to ${name} failed`);
    // The first rounds let the compiler settle, here and in the load.
    if (round >= 0) samples.get(name)?.push((count / ms) * 1_000);
  }
}
const upstream = simulator.requests.length - before;
load.disconnect();

const rows: Row[] = contenders.map(({ name }) => ({ name, sample: samples.get(name) ?? [] }));
console.log(`## Probes, ${CONNECTIONS} connections\n\n${table("requests/s", rows)}\n`);
console.log(`Aims: ${AIM} of the bare server or better, and no request to the node.`);
/** Rounds are compared with their own neighbours: the machine is not the same all the time. */
const ratio = (index: number): string => {
  const own = rows[index]?.sample ?? [];
  return summarize(own.map((value, round) => value / (rows[0]?.sample[round] ?? NaN))).median.toFixed(2);
};
console.log(`Here: /readyz ${ratio(2)} and /livez ${ratio(3)} by round; ${upstream} requests to the node.\n`);
for (const server of Object.values(servers)) server.close();
await credential.close();
await simulator.close();
if (upstream > 0) process.exitCode = 1;

async function started(listener: RequestListener): Promise<Server> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}

async function run(
  server: Server,
  path: string,
): Promise<{ readonly count: number; readonly failed: number; readonly ms: number }> {
  return await new Promise((resolve, reject) => {
    load.once("exit", reject);
    load.once("message", (result) => {
      load.off("exit", reject);
      resolve(result as { count: number; failed: number; ms: number });
    });
    load.send({ port: (server.address() as AddressInfo).port, path, connections: CONNECTIONS, ms: ROUND_MS });
  });
}
