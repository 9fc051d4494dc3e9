import { describe, expect, test } from "vitest";
import { detectGate, detectManagedIdentitySource } from "../../src/gate/detect-gate.js";

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

describe("the gate that auto stands for", () => {
  test.each<[string, Record<string, string>, boolean, boolean, string]>([
    ["nothing", {}, false, false, "none"],
    ["HOST_IP", {}, false, true, "nmi"],
    ["a health URL", {}, true, false, "nmi"],
    ["a health URL before Workload ID", federated, true, true, "nmi"],
    ["Workload ID before HOST_IP", federated, false, true, "workload-identity"],
    ["Workload ID before App Service", { ...federated, ...appService }, false, false, "workload-identity"],
    ["half of Workload ID", { AZURE_FEDERATED_TOKEN_FILE: "/f" }, false, true, "workload-identity"],
    ["App Service before HOST_IP", appService, false, true, "delegated"],
    ["Cloud Shell", { MSI_ENDPOINT: "e" }, false, false, "delegated"],
    ["Arc", { IDENTITY_ENDPOINT: "e", IMDS_ENDPOINT: "i" }, false, true, "delegated"],
  ])("%s", (_name, env, nmiUrlGiven, hostIpGiven, expected) => {
    expect(detectGate(env, nmiUrlGiven, hostIpGiven).gate).toBe(expected);
  });

  test("says why with names of variables, and without their values", () => {
    const { why } = detectGate({ ...appService, IDENTITY_HEADER: "s3cr3t" }, false, false);
    expect(why).toContain("IDENTITY_HEADER");
    expect(why).not.toContain("s3cr3t");
  });
});
