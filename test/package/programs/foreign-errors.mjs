// Each copy makes an error; the other copy is asked whether it knows it.
import { createRequire } from "node:module";
import * as esm from "azure-identity-guard";

const cjs = createRequire(import.meta.url)("azure-identity-guard");

function failing(copy) {
  try {
    new copy.ManagedIdentityCredential({ guard: { retry: { budgetMs: -1 } } });
  } catch (error) {
    return error;
  }
}

const code = "ERR_GUARD_CONFIGURATION";
console.log(
  JSON.stringify({
    distinct: esm.IdentityGuardError !== cjs.IdentityGuardError,
    esmKnowsCjs: esm.isGuardError(failing(cjs), code),
    cjsKnowsEsm: cjs.isGuardError(failing(esm), code),
    knowsOtherErrors: esm.isGuardError(new Error("another")) || cjs.isGuardError(new Error("another")),
  }),
);
