// Loaded ahead of the command line: plays Azure Resource Manager for `wait arm`, in its process, since a cell's network leads
// nowhere else. ARM_CERT and ARM_KEY are files, of a certificate for 127.0.0.1 that NODE_EXTRA_CA_CERTS makes trusted.
import { readFileSync } from "node:fs";
import { createServer } from "node:https";

const { ARM_CERT, ARM_KEY } = process.env;
if (process.argv.includes("arm")) {
  const server = createServer({ cert: readFileSync(ARM_CERT), key: readFileSync(ARM_KEY) }, answer);
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  server.unref();
  process.argv.push("--arm-endpoint", `https://127.0.0.1:${server.address().port}`);
}

/** As for an identity that has a role somewhere; whose the token is, Azure Resource Manager does not mind. */
function answer(request, response) {
  const accepted = request.headers.authorization?.startsWith("Bearer ") === true;
  response.writeHead(accepted ? 200 : 401, { "Content-Type": "application/json" });
  response.end(JSON.stringify(accepted ? { value: [{ subscriptionId: "one" }] } : { error: {} }));
}
