// Are the classes of @azure/identity the guarded ones? Those can be closed.
import { createRequire } from "node:module";
import * as imported from "@azure/identity";

const required = createRequire(import.meta.url)("@azure/identity");
const isGuarded = ({ DefaultAzureCredential }) => "close" in DefaultAzureCredential.prototype;
console.log(JSON.stringify({ imported: isGuarded(imported), required: isGuarded(required) }));
