import type { PipelineRequest } from "@azure/core-rest-pipeline";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { DefaultAzureCredential } from "../../src/guard/default-azure-credential.js";
import { ManagedIdentityCredential } from "../../src/guard/managed-identity-credential.js";
import { logger } from "../../src/logger.js";
import { entra, injectEach, TENANT } from "./federated-pod.js";
import { RIGHT, SCOPE, WRONG } from "./world.js";

describe("the managed identity of a federated pod", () => {
  injectEach();
  beforeEach(() => vi.stubEnv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential"));

  it("is the client of workloadIdentityClientId in the environment's tenant, as in the SDK", async () => {
    const sent: PipelineRequest[] = [];
    await using credential = new DefaultAzureCredential({
      managedIdentityClientId: WRONG,
      workloadIdentityClientId: RIGHT,
      tenantId: WRONG,
      httpClient: entra(sent),
      guard: { expect: { objectId: RIGHT } },
    });
    await credential.getToken(SCOPE);
    const exchange = sent.find(({ method }) => method === "POST");
    const body = typeof exchange?.body === "string" ? exchange.body : "";
    expect(new URLSearchParams(body).get("client_id")).toBe(RIGHT);
    expect(exchange?.url).toContain(TENANT);
  });

  it("is told that a resource ID does nothing there", async () => {
    const warning = vi.spyOn(logger, "warning");
    vi.stubEnv("AZURE_CLIENT_ID", RIGHT);
    const sent: PipelineRequest[] = [];
    const resourceId = "/subscriptions/s/resourcegroups/g/providers/Microsoft.ManagedIdentity/x/other";
    await using credential = new ManagedIdentityCredential({ resourceId, httpClient: entra(sent) });
    await credential.getToken(SCOPE);
    const exchange = sent.find(({ method }) => method === "POST");
    expect(exchange?.body).toContain(`client_id=${RIGHT}`);
    expect(warning).toHaveBeenCalledWith(
      expect.stringContaining("resourceId has no effect with Workload ID"),
    );
  });
});
