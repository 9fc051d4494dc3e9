import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { dropInContext } from "../../src/guard/drop-in.js";
import { DefaultAzureCredential } from "../../src/guard/default-azure-credential.js";
import { ManagedIdentityCredential } from "../../src/guard/managed-identity-credential.js";
import { always, RUNS, TIMEOUT_MS } from "./runs.js";

/** Variables that the SDK, the platform and the health of this library know; none says that tokens are guarded. */
const OTHERS = {
  AZURE_CLIENT_ID: ["33333333-3333-4333-8333-333333333333"],
  AZURE_TENANT_ID: ["44444444-4444-4444-8444-444444444444"],
  AZURE_CLIENT_SECRET: ["secret"],
  AZURE_FEDERATED_TOKEN_FILE: ["", " "],
  AZURE_AUTHORITY_HOST: ["https://login.microsoftonline.com/"],
  AZURE_TOKEN_CREDENTIALS: ["dev", "prod"],
  AZURE_POD_IDENTITY_AUTHORITY_HOST: ["http://169.254.169.254"],
  IDENTITY_ENDPOINT: ["http://127.0.0.1:1/token"],
  IDENTITY_HEADER: ["header"],
  IMDS_ENDPOINT: ["http://127.0.0.1:1"],
  MSI_ENDPOINT: ["http://127.0.0.1:1/msi"],
  MSI_SECRET: ["secret"],
  KUBERNETES_SERVICE_HOST: ["10.0.0.1"],
  AZURE_IDENTITY_GUARD_LIVENESS_GRACE: ["1m", "never"],
  AZURE_IDENTITY_GUARD_READY_WHILE_DEGRADED: ["true"],
  AZURE_IDENTITY_GUARD_HEALTH_DETAILS: ["true"],
  AZURE_IDENTITY_GUARD_HEALTH_NAME: ["app"],
  // Empty counts as unset, and an unknown name has no effect.
  AZURE_IDENTITY_GUARD_GATE: ["", " "],
  AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: [""],
  AZURE_IDENTITY_GUARD_NO_SUCH_THING: ["x"],
  HOST_IP: ["", "  "],
} as const;

const environment: fc.Arbitrary<Partial<Record<string, string>>> = fc.record(
  Object.fromEntries(
    Object.entries(OTHERS).map(([name, values]) => [name, fc.constantFrom<string>(...values)]),
  ),
  { requiredKeys: [] },
);

/** One variable that concerns tokens, or a gate. */
const guarding = fc.constantFrom<readonly [string, string]>(
  ["AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID", "55555555-5555-4555-8555-555555555555"],
  ["AZURE_IDENTITY_GUARD_NMI_URL", "http://10.240.0.4:8085/healthz"],
  ["AZURE_IDENTITY_GUARD_RETRY_BUDGET", "60s"],
  ["AZURE_IDENTITY_GUARD_WARM_UP_SCOPES", "https://vault.azure.net/.default"],
  ["AZURE_IDENTITY_GUARD_GATE", "none"],
  ["AZURE_IDENTITY_GUARD_PROXY_PORT", "8001"],
  ["AZURE_FEDERATED_TOKEN_FILE", "/var/run/secrets/token"],
);

const OWN = { ...process.env };

function inEnvironment(values: Partial<Record<string, string>>): void {
  for (const name of Object.keys(process.env)) {
    if (/^(?:AZURE_|IDENTITY_|MSI_|IMDS_|HOST_IP$|KUBERNETES_SERVICE_HOST$)/u.test(name))
      Reflect.deleteProperty(process.env, name);
  }
  Object.assign(process.env, values);
}

afterEach(() => {
  inEnvironment({});
  Object.assign(process.env, OWN);
});

describe("in any environment", () => {
  it("without a variable about tokens, guarding is off", { timeout: TIMEOUT_MS }, async () => {
    await always(environment, (values) => {
      inEnvironment(values);
      expect(dropInContext(undefined)).toMatchObject({ guarding: false, options: { explicit: false } });
    });
  });

  it("with one, or with a guard option, it is on", { timeout: TIMEOUT_MS }, async () => {
    await always(fc.tuple(environment, fc.option(guarding)), ([values, variable]) => {
      inEnvironment({ ...values, ...(variable === null ? {} : { [variable[0]]: variable[1] }) });
      expect(dropInContext(variable === null ? {} : undefined).guarding).toBe(true);
    });
  });

  it("without one, the classes do what those of the SDK do", { timeout: TIMEOUT_MS }, async () => {
    const { ManagedIdentityCredential: Sdk, DefaultAzureCredential: SdkDefault } =
      await import("@azure/identity");
    await always(
      fc.tuple(
        environment,
        fc.constantFrom({}, { clientId: "c" }, { objectId: "o" }, { clientId: "c", objectId: "o" }),
      ),
      ([values, options]) => {
        inEnvironment(values);
        expect(thrownBy(() => new ManagedIdentityCredential(options as object))).toEqual(
          thrownBy(() => new Sdk(options as object)),
        );
        expect(thrownBy(() => new DefaultAzureCredential())).toEqual(thrownBy(() => new SdkDefault()));
      },
      { runs: Math.max(20, Math.ceil(RUNS / 50)) },
    );
  });
});

/** The error of a constructor, as far as it can be compared. */
function thrownBy(make: () => object): unknown {
  try {
    make();
    return undefined;
  } catch (error) {
    return error instanceof Error ? { name: error.name, message: error.message } : error;
  }
}
