import { vi } from "vitest";

export const CLIENT = "44444444-4444-4444-8444-444444444444";
export const OTHER_CLIENT = "55555555-5555-4555-8555-555555555555";
export const TENANT = "33333333-3333-4333-8333-333333333333";
export const OBJECT = "22222222-2222-4222-8222-222222222222";
export const RESOURCE_ID =
  "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app";
export const SCOPE = "https://vault.azure.net/.default";

export type Environment = Readonly<Record<string, string>>;

const TOUCHED =
  /^(?:AZURE_|IDENTITY_|MSI_|IMDS_|HOST_IP$|KUBERNETES_SERVICE_HOST$|https?_proxy$|no_proxy$)/iu;

/** Nothing of what decides about credentials is set but `values`; no developer's tools are on the path. */
export function stubEnvironment(values: Environment): void {
  for (const name of Object.keys(process.env)) if (TOUCHED.test(name)) vi.stubEnv(name, undefined);
  vi.stubEnv("PATH", "/nonexistent");
  for (const [name, value] of Object.entries(values)) vi.stubEnv(name, value);
}

export const SECRET: Environment = {
  AZURE_TENANT_ID: TENANT,
  AZURE_CLIENT_ID: CLIENT,
  AZURE_CLIENT_SECRET: "not-a-secret",
};
export const IN_KUBERNETES: Environment = { KUBERNETES_SERVICE_HOST: "10.0.0.1" };
export const EXPECTING: Environment = { AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: OBJECT };
