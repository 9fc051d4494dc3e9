// When is @azure/identity loaded? Its CommonJS build is what the package requires.
const { sep } = require("node:path");
const { ManagedIdentityCredential } = require("azure-identity-guard");
const { NodeSimulator } = require("azure-identity-guard/testing");

const IDENTITY = ["node_modules", "@azure", "identity", ""].join(sep);
const isLoaded = () => Object.keys(require.cache).some((path) => path.includes(IDENTITY));

async function main() {
  const afterLoading = isLoaded();

  const node = await NodeSimulator.start();
  Object.assign(process.env, node.environment);
  const guarded = new ManagedIdentityCredential();
  await guarded.getToken("https://vault.azure.net/.default");
  const afterTokenFromNmi = isLoaded();
  await guarded.close();
  await node.close();

  for (const name of Object.keys(node.environment)) delete process.env[name];
  const unguarded = new ManagedIdentityCredential();
  console.log(JSON.stringify({ afterLoading, afterTokenFromNmi, afterUnguardedCredential: isLoaded() }));
  await unguarded.close();
}

void main();
