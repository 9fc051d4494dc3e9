import { expect, test } from "vitest";
import { NodeSimulator } from "../../src/testing/node-simulator.js";
import { SDK_QUOTES_TEXT } from "../integration/support/installed-sdk.js";
import { asking, runSdk } from "./sdk-process.js";

/** The SDK keeps the first endpoint for the life of its process: each test needs one of its own. */
async function askThroughSdk(simulator: NodeSimulator): Promise<Record<string, unknown>> {
  return await runSdk(asking("new identity.ManagedIdentityCredential()"), simulator.environment);
}

test("the Azure SDK gets the pod's token while NMI is active", async () => {
  await using simulator = await NodeSimulator.start();
  expect(await askThroughSdk(simulator)).toMatchObject({ oid: simulator.identity.objectId });
  expect(simulator.requests).toMatchObject([{ answeredBy: "nmi", path: "/metadata/identity/oauth2/token/" }]);
});

test("the Azure SDK takes the node's token while NMI is down: the hazard that this library is for", async () => {
  await using simulator = await NodeSimulator.start({ nmi: { state: "down" }, podIdentities: [] });
  const [kubelet] = simulator.imds.identities;
  expect(await askThroughSdk(simulator)).toMatchObject({ oid: kubelet?.objectId });
});

test("the Azure SDK loses what NMI said, or tells it with all that came with it", async () => {
  await using simulator = await NodeSimulator.start({ nmi: { mode: "managed" } });
  simulator.imds.detach(simulator.identity);
  expect(await askThroughSdk(simulator)).toMatchObject({
    error: "CredentialUnavailableError",
    message: expect.stringContaining(SDK_QUOTES_TEXT ? "Identity not found" : "network_error") as unknown,
  });
});
