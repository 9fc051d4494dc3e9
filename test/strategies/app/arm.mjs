// Loaded ahead of the command line: plays Azure Resource Manager for `wait arm`, in its process, since a cell's network leads
// nowhere else. ARM_CERT and ARM_KEY are files, of a certificate for 127.0.0.1 that NODE_EXTRA_CA_CERTS makes trusted. ROLE_AFTER_S:
// seconds from the start until the identity has a role.
import { readFileSync } from "node:fs";
import { createServer } from "node:https";

const { ARM_CERT, ARM_KEY, ROLE_AFTER_S = "0" } = process.env;
const hasRoleAt = Date.now() + Number(ROLE_AFTER_S) * 1000;
if (process.argv.includes("arm")) {
  const server = createServer({ cert: readFileSync(ARM_CERT), key: readFileSync(ARM_KEY) }, answer);
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  server.unref();
  process.argv.push("--arm-endpoint", `https://127.0.0.1:${server.address().port}`);
}

/** Subscriptions are those in which the identity has a role; whose the token is, Azure Resource Manager does not mind. */
function answer(request, response) {
  const accepted = request.headers.authorization?.startsWith("Bearer ") === true;
  const value = Date.now() >= hasRoleAt ? [{ subscriptionId: "one" }] : [];
  response.writeHead(accepted ? 200 : 401, { "Content-Type": "application/json" });
  response.end(JSON.stringify(accepted ? { value } : { error: {} }));
}
