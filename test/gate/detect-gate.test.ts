import { describe, expect, test } from "vitest";
import { decidePlane, detectGate } from "../../src/gate/detect-gate.js";

const federated = { AZURE_TENANT_ID: "t", AZURE_FEDERATED_TOKEN_FILE: "/f" };
const appService = { IDENTITY_ENDPOINT: "http://e", IDENTITY_HEADER: "h" };

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
      const { gate } = detectGate({ environment, choice: "auto", nmiAddress });
      const plane = gate === "nmi-or-proxy" && route !== undefined ? decidePlane(route) : undefined;
      expect(plane ?? gate).toBe(expected);
    },
  );

  test.each(["nmi", "workload-identity", "proxy", "none"] as const)(
    "by name is %s whatever the environment says",
    (choice) => {
      for (const { environment, nmiAddress } of CASES) {
        const { gate, why } = detectGate({ environment, choice, nmiAddress });
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
});
