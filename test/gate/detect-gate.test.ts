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

describe("the gate that is chosen", () => {
  const ROUTES = [undefined, "nmi", "proxy", "imds", "unknown", "unreachable"] as const;
  type Route = (typeof ROUTES)[number];
  type Found = ReturnType<typeof detectGate>["gate"];

  /** What only a route probe can tell. */
  const BY_ROUTE: Readonly<Record<NonNullable<Route> | "none", Found>> = {
    none: "nmi-or-proxy",
    nmi: "nmi",
    proxy: "proxy",
    imds: "nmi-or-proxy",
    unknown: "nmi-or-proxy",
    unreachable: "nmi-or-proxy",
  };
  const webhook = { ...federated, AZURE_CLIENT_ID: "c", AZURE_AUTHORITY_HOST: "https://h/" };

  /** For `auto`: without an address of NMI, with the node's, and with NMI's whole URL. `?`: as the route says. */
  const TABLE: readonly (readonly [string, Record<string, string>, Found, Found | "?", Found])[] = [
    ["nothing", {}, "none", "?", "nmi"],
    ["a client ID alone", { AZURE_CLIENT_ID: "c", AZURE_TENANT_ID: "t" }, "none", "?", "nmi"],
    ["blank values", { AZURE_FEDERATED_TOKEN_FILE: " ", IDENTITY_ENDPOINT: "" }, "none", "?", "nmi"],
    ["all of Workload ID", webhook, "workload-identity", "workload-identity", "nmi"],
    [
      "half of Workload ID",
      { AZURE_FEDERATED_TOKEN_FILE: "/f" },
      "workload-identity",
      "workload-identity",
      "nmi",
    ],
    [
      "Workload ID on App Service",
      { ...webhook, ...appService },
      "workload-identity",
      "workload-identity",
      "nmi",
    ],
    ["App Service", appService, "delegated", "delegated", "nmi"],
    ["half of App Service", { IDENTITY_ENDPOINT: "e" }, "none", "?", "nmi"],
    ["Service Fabric", { ...appService, IDENTITY_SERVER_THUMBPRINT: "t" }, "delegated", "delegated", "nmi"],
    ["Machine Learning", { MSI_ENDPOINT: "e", MSI_SECRET: "s" }, "delegated", "delegated", "nmi"],
    ["Cloud Shell", { MSI_ENDPOINT: "e" }, "delegated", "delegated", "nmi"],
    ["Arc", { IDENTITY_ENDPOINT: "e", IMDS_ENDPOINT: "i" }, "delegated", "delegated", "nmi"],
  ];
  const CASES = TABLE.flatMap(([name, environment, ...found]) =>
    ([undefined, "host", "url"] as const).flatMap((nmiAddress, column) =>
      ROUTES.map((route) => {
        const cell = found[column] ?? "none";
        const expected = cell === "?" ? BY_ROUTE[route ?? "none"] : cell;
        return { name, environment, nmiAddress, route, expected };
      }),
    ),
  );

  test.each(CASES)(
    "by auto with $name, NMI's address by $nmiAddress and route $route is $expected",
    ({ environment, nmiAddress, route, expected }) => {
      expect(detectGate({ environment, choice: "auto", nmiAddress, route }).gate).toBe(expected);
    },
  );

  test.each(["nmi", "workload-identity", "proxy", "none"] as const)(
    "by name is %s whatever the environment and the route say",
    (choice) => {
      for (const { environment, nmiAddress, route } of CASES) {
        const { gate, why } = detectGate({ environment, choice, nmiAddress, route });
        expect({ gate, why }).toEqual({ gate: choice, why: `it was chosen by name (${choice})` });
      }
    },
  );

  test("says why with names of variables, and without their values", () => {
    const environment = { ...appService, IDENTITY_HEADER: "s3cr3t" };
    const { why } = detectGate({ environment, choice: "auto", nmiAddress: undefined });
    expect(why).toContain("IDENTITY_HEADER");
    expect(why).not.toContain("s3cr3t");
  });

  test("is not asked for the route where the environment says it all", () => {
    const environment: Record<string, string> = webhook;
    expect(detectGate({ environment, choice: "auto", nmiAddress: "host", route: "proxy" }).why).toBe(
      "AZURE_FEDERATED_TOKEN_FILE is set",
    );
  });
});
