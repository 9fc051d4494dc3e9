// One credential of the ESM copy and one of the CommonJS copy ask for the same token, at once and later.
import { createRequire } from "node:module";
import * as esm from "azure-identity-guard";
import { NodeSimulator } from "azure-identity-guard/testing";

const cjs = createRequire(import.meta.url)("azure-identity-guard");
const SCOPE = "https://vault.azure.net/.default";

const node = await NodeSimulator.start();
try {
  Object.assign(process.env, node.environment);
  const credentials = [esm, cjs].map((copy) => new copy.ManagedIdentityCredential());
  const ask = async () => {
    const tokens = await Promise.all(credentials.map((credential) => credential.getToken(SCOPE)));
    const tokenRequests = node.requests.filter(({ query }) => "resource" in query).length;
    return { same: tokens[0].token === tokens[1].token, tokenRequests };
  };
  const distinct = esm.ManagedIdentityCredential !== cjs.ManagedIdentityCredential;
  console.log(JSON.stringify({ distinct, atOnce: await ask(), later: await ask() }));
  await Promise.all(credentials.map((credential) => credential.close()));
} finally {
  await node.close();
}
