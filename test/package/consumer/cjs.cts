import identity = require("@azure/identity");
import guarding = require("azure-identity-guard");
import probes = require("azure-identity-guard/probes");
import testing = require("azure-identity-guard/testing");

const options: guarding.GuardOptions = { gate: "nmi", retry: { budgetMs: 80_000 } };

const credential: guarding.GuardedCredential = guarding.guard(new identity.AzureCliCredential(), options);

async function main(): Promise<string> {
  const node = await testing.NodeSimulator.start();
  const { token } = await credential.getToken("https://vault.azure.net/.default");
  await node.close();
  const server: probes.ProbeServer = await probes.startProbeServer({ port: 0, target: credential });
  await server.close();
  return token;
}

// @ts-expect-error a budget is a number of milliseconds
const wrong: guarding.RetryOptions = { budgetMs: "80s" };

export = { main, wrong };
