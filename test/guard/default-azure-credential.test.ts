import * as identity from "@azure/identity";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isGuardError } from "../../src/errors.js";
import type { Gate } from "../../src/gate/gate.js";
import { DefaultAzureCredential } from "../../src/guard/default-azure-credential.js";
import type { GuardedCredential } from "../../src/guard/guarded-credential.js";
import { ManagedIdentityCredential } from "../../src/guard/managed-identity-credential.js";
import { RIGHT, SCOPE } from "./world.js";

const pinned = { guard: { expect: { objectId: RIGHT } } };
const SECRET = { AZURE_TENANT_ID: RIGHT, AZURE_CLIENT_ID: RIGHT, AZURE_CLIENT_SECRET: "one" };

const credentials: GuardedCredential[] = [];
function kept<T extends GuardedCredential>(credential: T): T {
  credentials.push(credential);
  return credential;
}

function environment(values: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(values)) vi.stubEnv(name, value);
}

function problemsOf(create: () => GuardedCredential): readonly string[] {
  try {
    kept(create());
  } catch (error) {
    if (isGuardError(error, "ERR_GUARD_CONFIGURATION")) {
      return error.details.problems.map(({ name, value }) => `${name}: ${value}`);
    }
    throw error;
  }
  return [];
}

beforeEach(() => {
  for (const name of Object.keys(process.env)) {
    if (/^(?:AZURE_|IDENTITY_|MSI_|IMDS_|HOST_IP$|KUBERNETES_SERVICE_HOST$)/u.test(name))
      vi.stubEnv(name, undefined);
  }
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(credentials.splice(0).map(async (credential) => await credential.close()));
});

describe("a guarded DefaultAzureCredential", () => {
  it("refuses at construction what the SDK's class refuses there, instead of trying until the budget ends", () => {
    environment({ AZURE_TOKEN_CREDENTIALS: "bogus" });
    expect(problemsOf(() => new DefaultAzureCredential(pinned))).toEqual([
      "DefaultAzureCredential: refused by @azure/identity",
    ]);
  });

  it("says what the SDK's class said, and not that it was expected", () => {
    environment({ AZURE_TOKEN_CREDENTIALS: "bogus" });
    expect(() => new DefaultAzureCredential(pinned)).toThrow(
      /^DefaultAzureCredential is refused by @azure\/identity: Invalid value.*; expected: options and variables/u,
    );
  });

  it("does not show a secret that was put into AZURE_TOKEN_CREDENTIALS", () => {
    environment({ AZURE_TOKEN_CREDENTIALS: "abc8Q~".repeat(8), KUBERNETES_SERVICE_HOST: "10.0.0.1" });
    expect(problemsOf(() => new DefaultAzureCredential(pinned))).toEqual([
      "AZURE_TOKEN_CREDENTIALS: [redacted]",
    ]);
  });

  it("shares with one of the same environment, and not with one of another secret or another user", () => {
    environment({ ...SECRET, KUBERNETES_SERVICE_HOST: "10.0.0.1" });
    const first = kept(new DefaultAzureCredential(pinned));
    expect(kept(new DefaultAzureCredential(pinned)).health).toBe(first.health);
    vi.stubEnv("AZURE_CLIENT_SECRET", "two");
    expect(kept(new DefaultAzureCredential(pinned)).health === first.health).toBe(false);
  });

  it("asks a gate of the application's own before a client secret is used", async () => {
    environment(SECRET);
    const gate: Gate = {
      name: "maintenance",
      check: async () => ({
        state: "closed",
        reason: "custom:maintenance",
        permanent: true,
        observedAt: Date.now(),
      }),
    };
    const credential = kept(new DefaultAzureCredential({ guard: { gate } }));
    await expect(credential.getToken(SCOPE)).rejects.toMatchObject({ code: "ERR_GUARD_GATE_CLOSED" });
  });

  it("does not hold a client secret back for NMI", () => {
    environment({ ...SECRET, HOST_IP: "10.240.0.4" });
    const credential = kept(new DefaultAzureCredential(pinned));
    expect(credential.health.snapshot().gate).toBeUndefined();
  });

  it("takes an empty resource ID for none, as the SDK's class does", () => {
    environment({ HOST_IP: "10.240.0.4" });
    const managedIdentityClientId = "33333333-3333-4333-8333-333333333333";
    const named = kept(new DefaultAzureCredential({ managedIdentityClientId }));
    const both = kept(new DefaultAzureCredential({ managedIdentityClientId, managedIdentityResourceId: "" }));
    expect(both.health).toBe(named.health);
  });
});

describe("an AZURE_POD_IDENTITY_AUTHORITY_HOST that is no address", () => {
  it.each([
    ["169.254.169.254", "169.254.169.254"],
    ["http://user:word@10.0.0.1/", "http://(user)@10.0.0.1/"],
    ["http://:80", "http://:80"],
  ])("is refused at construction, with a gate and without: %s", (value, shown) => {
    const refused = [`AZURE_POD_IDENTITY_AUTHORITY_HOST: ${shown}`];
    environment({ AZURE_POD_IDENTITY_AUTHORITY_HOST: value });
    expect(problemsOf(() => new ManagedIdentityCredential(pinned))).toEqual(refused);
    vi.stubEnv("HOST_IP", "10.240.0.4");
    expect(problemsOf(() => new ManagedIdentityCredential(pinned))).toEqual(refused);
  });
});

describe("where guarding is off", () => {
  it("errors are of the classes that the application imports", async () => {
    environment({ AZURE_TOKEN_CREDENTIALS: "EnvironmentCredential" });
    const error: unknown = await new DefaultAzureCredential()
      .getToken(SCOPE)
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(identity.AggregateAuthenticationError);
  });
});
