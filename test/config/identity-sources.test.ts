import { describe, expect, test } from "vitest";
import { detectManagedIdentitySource } from "../../src/config/identity-sources.js";

const federated = { AZURE_TENANT_ID: "t", AZURE_FEDERATED_TOKEN_FILE: "/f" };
const appService = { IDENTITY_ENDPOINT: "http://e", IDENTITY_HEADER: "h" };

describe("the source of a managed identity", () => {
  test.each<[string, Record<string, string>, string | undefined, string]>([
    ["nothing set", {}, undefined, "imds"],
    ["federation, client id as option", federated, "c", "federation"],
    ["federation, client id by environment", { ...federated, AZURE_CLIENT_ID: "c" }, undefined, "federation"],
    ["federation without a client id", federated, undefined, "imds"],
    ["federation with an empty client id", federated, "", "imds"],
    ["federation without a tenant", { AZURE_FEDERATED_TOKEN_FILE: "/f" }, "c", "imds"],
    ["federation beside App Service", { ...federated, ...appService }, "c", "federation"],
    ["Service Fabric", { ...appService, IDENTITY_SERVER_THUMBPRINT: "t" }, undefined, "service-fabric"],
    ["App Service", appService, undefined, "app-service"],
    [
      "App Service before Machine Learning",
      { ...appService, MSI_ENDPOINT: "e", MSI_SECRET: "s" },
      undefined,
      "app-service",
    ],
    ["Machine Learning", { MSI_ENDPOINT: "e", MSI_SECRET: "s" }, undefined, "machine-learning"],
    ["Cloud Shell", { MSI_ENDPOINT: "e" }, undefined, "cloud-shell"],
    [
      "Cloud Shell before Arc",
      { MSI_ENDPOINT: "e", IDENTITY_ENDPOINT: "e", IMDS_ENDPOINT: "i" },
      undefined,
      "cloud-shell",
    ],
    ["Arc", { IDENTITY_ENDPOINT: "e", IMDS_ENDPOINT: "i" }, undefined, "arc"],
    ["half of App Service", { IDENTITY_ENDPOINT: "e" }, undefined, "imds"],
    ["blank values", { IDENTITY_ENDPOINT: " ", IDENTITY_HEADER: "" }, undefined, "imds"],
  ])("%s", (_name, env, clientId, expected) => {
    expect(detectManagedIdentitySource(env, clientId)).toBe(expected);
  });
});
