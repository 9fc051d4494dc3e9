import type { PipelineRequest } from "@azure/core-rest-pipeline";
import type { TokenCredentialOptions } from "@azure/identity";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { DefaultAzureCredential } from "../../src/guard/default-azure-credential.js";
import type { GuardedCredential } from "../../src/guard/guarded-credential.js";
import { ManagedIdentityCredential } from "../../src/guard/managed-identity-credential.js";
import { WorkloadIdentityCredential } from "../../src/guard/workload-identity-credential.js";
import { entra, injectEach, TENANT } from "./federated-pod.js";
import { RIGHT, SCOPE, WRONG } from "./world.js";

/** All that name one identity at Entra ID, in the pod of that identity. */
function all(sent: TokenCredentialOptions): readonly GuardedCredential[] {
  const [clientId, tenantId] = [RIGHT, TENANT];
  return [
    new DefaultAzureCredential(sent),
    new DefaultAzureCredential({ managedIdentityClientId: clientId, ...sent }),
    new DefaultAzureCredential({ workloadIdentityClientId: clientId, ...sent }),
    new DefaultAzureCredential({ ...sent, requiredEnvVars: "AZURE_TENANT_ID", processTimeoutInMs: 1_000 }),
    new ManagedIdentityCredential(sent),
    new ManagedIdentityCredential(clientId, sent),
    new ManagedIdentityCredential({ clientId, ...sent }),
    new ManagedIdentityCredential({ resourceId: "/subscriptions/s/x", ...sent }),
    new WorkloadIdentityCredential(sent),
    new WorkloadIdentityCredential({ ...sent, tenantId, clientId }),
    new WorkloadIdentityCredential({ clientId, tenantId, ...sent, retryOptions: { maxRetries: 9 } }),
  ];
}

describe("one identity at Entra ID", () => {
  injectEach();
  beforeEach(() => vi.stubEnv("AZURE_CLIENT_ID", RIGHT));

  it("has one state, and one request, however it is named", async () => {
    const requests: PipelineRequest[] = [];
    const credentials = all({
      httpClient: entra(requests),
      userAgentOptions: { userAgentPrefix: "shop" },
    });
    await Promise.all(credentials.map(async (credential) => await credential.getToken(SCOPE)));
    expect(new Set(credentials.map(({ health }) => health)).size).toBe(1);
    expect(requests.filter(({ method }) => method === "POST")).toHaveLength(1);
    await Promise.all(credentials.map(async (credential) => await credential.close()));
  });

  it.each<[string, ConstructorParameters<typeof WorkloadIdentityCredential>[0]]>([
    ["another client", { clientId: WRONG }],
    ["another tenant", { tenantId: RIGHT }],
    ["another file", { tokenFilePath: "/other" }],
    ["another authority", { authorityHost: "https://login.example/" }],
    ["an HTTP client of its own", { httpClient: entra([]) }],
    ["a proxy", { proxyOptions: { host: "http://p", port: 1 } }],
    ["other tenants", { additionallyAllowedTenants: ["*"] }],
    ["no discovery, where the application says so", { disableInstanceDiscovery: true }],
  ])("has another with %s", async (_name, options) => {
    await using usual = new WorkloadIdentityCredential();
    await using other = new WorkloadIdentityCredential(options);
    expect(other.health === usual.health).toBe(false);
  });
});
