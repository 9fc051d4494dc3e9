import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { NodeSimulator } from "../../src/testing/node-simulator.js";

/** The SDK keeps the first endpoint for the life of its process: each test needs one of its own. */
const PROGRAM = `
  import { ManagedIdentityCredential } from "@azure/identity";
  const credential = new ManagedIdentityCredential();
  try {
    const { token } = await credential.getToken("https://vault.azure.net/.default");
    const claims = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
    console.log(JSON.stringify({ oid: claims.oid }));
  } catch (error) {
    console.log(JSON.stringify({ error: error.name, message: error.message }));
  }
`;

async function askThroughSdk(simulator: NodeSimulator): Promise<Record<string, string>> {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", PROGRAM], {
    cwd: join(import.meta.dirname, "../.."),
    env: { PATH: process.env["PATH"], ...simulator.environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [output] = await Promise.all([text(child.stdout), once(child, "exit")]);
  return JSON.parse(output) as Record<string, string>;
}

test("the Azure SDK gets the pod's token while NMI is active", async () => {
  await using simulator = await NodeSimulator.start();
  expect(await askThroughSdk(simulator)).toEqual({ oid: simulator.identity.objectId });
  expect(simulator.requests).toMatchObject([{ answeredBy: "nmi", path: "/metadata/identity/oauth2/token/" }]);
});

test("the Azure SDK takes the node's token while NMI is down: the hazard that this library is for", async () => {
  await using simulator = await NodeSimulator.start({ nmi: { state: "down" }, podIdentities: [] });
  const [kubelet] = simulator.imds.identities;
  expect(await askThroughSdk(simulator)).toEqual({ oid: kubelet?.objectId });
});

test("the Azure SDK loses what NMI said", async () => {
  await using simulator = await NodeSimulator.start({ nmi: { mode: "managed" } });
  simulator.imds.detach(simulator.identity);
  expect(await askThroughSdk(simulator)).toMatchObject({
    error: "CredentialUnavailableError",
    message: expect.stringContaining("network_error") as unknown,
  });
});
