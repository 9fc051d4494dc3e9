// Probes of one copy of the package, a credential of the other.
import { createRequire } from "node:module";
import { NodeSimulator } from "azure-identity-guard/testing";
import { createFetchHandler, renderMetrics } from "azure-identity-guard/probes";

const require = createRequire(import.meta.url);
const cjs = require("azure-identity-guard");
const cjsProbes = require("azure-identity-guard/probes");

const node = await NodeSimulator.start();
Object.assign(process.env, node.environment);
const readyz = async (handler) => (await handler(new Request("http://pod/readyz?verbose"))).text();
const handlers = { esm: createFetchHandler(), cjs: cjsProbes.createFetchHandler() };
const before = await readyz(handlers.esm);
const credential = new cjs.DefaultAzureCredential();
await credential.getToken("https://vault.azure.net/.default");
const after = { esm: await readyz(handlers.esm), cjs: await readyz(handlers.cjs) };
cjsProbes.drain();
const drained = await readyz(handlers.esm);
console.log(
  JSON.stringify({
    distinct: renderMetrics !== cjsProbes.renderMetrics,
    before: before.includes("check passed"),
    after: after.esm === after.cjs && after.esm.includes("[+]gate ok"),
    counted: renderMetrics().includes(
      'attempts_total{credential="ManagedIdentityCredential",outcome="token",reason="none"} 1',
    ),
    drained: drained.includes("[-]shutdown failed: drained"),
  }),
);
await credential.close();
await node.close();
