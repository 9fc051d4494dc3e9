import { describe, expect, test, vi } from "vitest";
import { readEnvironment } from "../../src/config/environment.js";
import { OPTION_TABLE } from "../../src/config/options.js";
import { dropInContext } from "../../src/guard/drop-in.js";
import { wantedBy } from "../../src/register/wanted.js";

const OID = "7f3a1b2c-0000-4000-8000-00000000beef";

/** A value that each kind accepts. */
const VALUES: Readonly<Record<string, string>> = {
  AZURE_IDENTITY_GUARD_GATE: "none",
  HOST_IP: "10.0.0.4",
  AZURE_IDENTITY_GUARD_NMI_URL: "http://10.0.0.4:8085/healthz",
  AZURE_IDENTITY_GUARD_PROXY_PORT: "8000",
  AZURE_IDENTITY_GUARD_MIN_RETRIES: "4",
  AZURE_IDENTITY_GUARD_RETRY_BUDGET: "70s",
  AZURE_IDENTITY_GUARD_RETRY_DELAY: "900ms",
  AZURE_IDENTITY_GUARD_RETRY_MAX_DELAY: "4s",
  AZURE_IDENTITY_GUARD_ATTEMPT_TIMEOUT: "10s",
  AZURE_IDENTITY_GUARD_POLL_INTERVAL: "5s",
  AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: OID,
  AZURE_IDENTITY_GUARD_EXPECTED_CLIENT_ID: OID,
  AZURE_IDENTITY_GUARD_EXPECTED_TENANT_ID: OID,
  AZURE_IDENTITY_GUARD_EXPECTED_RESOURCE_ID: `/subscriptions/${OID}/resourcegroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i`,
  AZURE_IDENTITY_GUARD_EXPECTED_AUDIENCE: "https://a.example/.default=https://a.example",
  AZURE_IDENTITY_GUARD_UNREADABLE_TOKENS: "reject",
  AZURE_IDENTITY_GUARD_WARM_UP_SCOPES: "https://a.example/.default",
  AZURE_IDENTITY_GUARD_LIVENESS_GRACE: "30s",
  AZURE_IDENTITY_GUARD_READY_WHILE_DEGRADED: "true",
  AZURE_IDENTITY_GUARD_HEALTH_DETAILS: "true",
  AZURE_IDENTITY_GUARD_HEALTH_NAME: "name",
  AZURE_IDENTITY_GUARD_HEALTH_FILE: "/tmp/ready",
  AZURE_IDENTITY_GUARD_HEALTH_PORT: "8086",
  AZURE_IDENTITY_GUARD_HEALTH_HOST: "127.0.0.1",
  AZURE_IDENTITY_GUARD_HEALTH_PAGE: "true",
};

const ALONE = OPTION_TABLE.map(({ variable }): Record<string, string> => ({
  [variable]: VALUES[variable] ?? "",
}));
const OTHERS: readonly Record<string, string>[] = [
  {},
  { AZURE_FEDERATED_TOKEN_FILE: "/var/run/token" },
  { IDENTITY_ENDPOINT: "http://127.0.0.1", IDENTITY_HEADER: "h" },
  { HOST_IP: "10.0.0.4", IDENTITY_ENDPOINT: "http://127.0.0.1", IDENTITY_HEADER: "h" },
  { HOST_IP: "10.0.0.4", AZURE_IDENTITY_GUARD_GATE: "none" },
  { AZURE_CLIENT_ID: OID, AZURE_TENANT_ID: OID, KUBERNETES_SERVICE_HOST: "10.0.0.1" },
  { AZURE_IDENTITY_GUARD_EXPECTED_OID: OID },
];

test("every variable has a value here", () => {
  expect(Object.keys(VALUES).sort()).toEqual(OPTION_TABLE.map(({ variable }) => variable).sort());
});

describe("what the environment asks of register", () => {
  test.each([...ALONE, ...OTHERS])("is what guards a credential without options: %o", (environment) => {
    for (const name of Object.keys(readEnvironment())) vi.stubEnv(name, undefined);
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    expect(wantedBy(readEnvironment()).guard).toBe(dropInContext(undefined).guarding);
  });

  test("is a probe server exactly where its port is set", () => {
    expect(wantedBy({ AZURE_IDENTITY_GUARD_HEALTH_PORT: "8086" })).toMatchObject({
      probes: true,
      guard: false,
    });
    expect(wantedBy({ AZURE_IDENTITY_GUARD_HEALTH_PAGE: "true" })).toMatchObject({
      probes: false,
      guard: false,
    });
  });

  test("is a file exactly where its path is set", () => {
    expect(wantedBy({ AZURE_IDENTITY_GUARD_HEALTH_FILE: "/tmp/ready" })).toMatchObject({
      healthFile: "/tmp/ready",
      guard: false,
    });
    expect(wantedBy({ HOST_IP: "10.0.0.4" }).healthFile).toBeUndefined();
  });

  test("is readiness that waits for a credential, where that has scopes to be warm for", () => {
    const scopes = { AZURE_IDENTITY_GUARD_WARM_UP_SCOPES: "https://a.example/.default" };
    expect(wantedBy({ HOST_IP: "10.0.0.4", ...scopes }).awaitsCredential).toBe(true);
    expect(wantedBy({ HOST_IP: "10.0.0.4" }).awaitsCredential).toBe(false);
  });

  test.each<[string, Record<string, string>]>([
    ["HOST_IP is given", { HOST_IP: "10.0.0.4" }],
    ["AZURE_FEDERATED_TOKEN_FILE is set", { AZURE_FEDERATED_TOKEN_FILE: "/var/run/token" }],
    ["an identity is expected", { AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: OID }],
    ["a variable of it is set", { AZURE_IDENTITY_GUARD_RETRY_BUDGET: "70s" }],
  ])("has a reason: %s", (why, environment) => {
    expect(wantedBy(environment)).toMatchObject({ guard: true, why });
  });

  test("says what no credential will say", () => {
    expect(wantedBy({ AZURE_IDENTITY_GUARD_EXPECTED_OID: OID }).warnings).toHaveLength(1);
  });
});
