// An unguarded credential is the SDK's own, and the SDK is not installed here.
import { createRequire } from "node:module";
import * as esm from "azure-identity-guard";

const cjs = createRequire(import.meta.url)("azure-identity-guard");

function code(copy) {
  try {
    new copy.ManagedIdentityCredential();
    return "none";
  } catch (error) {
    return error.code;
  }
}

console.log(JSON.stringify({ esm: code(esm), cjs: code(cjs) }));
