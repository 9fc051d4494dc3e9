import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { isGuardError } from "../../src/errors.js";
import type { Gate } from "../../src/gate/gate.js";
import { DefaultAzureCredential } from "../../src/guard/default-azure-credential.js";
import type { GuardOption } from "../../src/guard/drop-in.js";
import type { GuardedCredential } from "../../src/guard/guarded-credential.js";
import { ManagedIdentityCredential } from "../../src/guard/managed-identity-credential.js";
import { serve, type LocalServer } from "../endpoint/local-server.js";
import { RIGHT, SCOPE } from "./world.js";

const FILE = { AZURE_FEDERATED_TOKEN_FILE: "/var/run/secrets/token" };
const NO_CLIENT = { ...FILE, AZURE_TENANT_ID: RIGHT };
const NO_TENANT = { ...FILE, AZURE_CLIENT_ID: RIGHT };
const NONE = { AZURE_IDENTITY_GUARD_GATE: "none" };
const AS_MANAGED = { AZURE_TOKEN_CREDENTIALS: "ManagedIdentityCredential" };
const open: Gate = {
  name: "mine",
  check: async () => ({ state: "open", reason: "custom:open", observedAt: Date.now() }),
};

const managed = (options: GuardOption): GuardedCredential => new ManagedIdentityCredential(options);
const byDefault = (options: GuardOption): GuardedCredential => new DefaultAzureCredential(options);

beforeEach(() => {
  for (const name of Object.keys(process.env)) {
    if (/^(?:AZURE_|IDENTITY_|MSI_|IMDS_|HOST_IP$)/u.test(name)) vi.stubEnv(name, undefined);
  }
  vi.stubEnv("KUBERNETES_SERVICE_HOST", "10.0.0.1");
});
afterEach(() => vi.unstubAllEnvs());

async function nodeOf(variables: Readonly<Record<string, string>>): Promise<LocalServer> {
  const imds = await serve((_request, response) => response.writeHead(500).end());
  vi.stubEnv("AZURE_POD_IDENTITY_AUTHORITY_HOST", imds.url);
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  return imds;
}

describe("a pod that was injected by halves", () => {
  it.each<[string, typeof managed, GuardOption, Readonly<Record<string, string>>, string]>([
    ["no gate", managed, {}, { ...NONE, ...NO_CLIENT }, "AZURE_CLIENT_ID"],
    ["no gate, and no tenant", managed, {}, { ...NONE, ...NO_TENANT }, "AZURE_TENANT_ID"],
    ["no gate, by default", byDefault, {}, { ...NONE, ...NO_CLIENT }, "AZURE_CLIENT_ID"],
    ["no gate, asked for", byDefault, {}, { ...NONE, ...AS_MANAGED, ...NO_CLIENT }, "AZURE_CLIENT_ID"],
    ["a gate of its own", managed, { guard: { gate: open } }, NO_CLIENT, "AZURE_CLIENT_ID"],
    [
      "a gate of its own, by default",
      byDefault,
      { guard: { gate: open } },
      FILE,
      "AZURE_CLIENT_ID and AZURE_TENANT_ID",
    ],
    [
      "a gate of its own, asked for",
      byDefault,
      { guard: { gate: open } },
      { ...AS_MANAGED, ...NO_CLIENT },
      "AZURE_CLIENT_ID",
    ],
  ])("is refused with %s, and the node is not asked", async (_name, make, options, variables, missing) => {
    const imds = await nodeOf(variables);
    const create = async (): Promise<void> => {
      await using credential = make(options);
      await credential.getToken(SCOPE, { abortSignal: AbortSignal.timeout(2_000) });
    };
    const error: unknown = await create().catch((reason: unknown) => reason);
    if (!isGuardError(error, "ERR_GUARD_CONFIGURATION")) throw error;
    const verb = missing.includes(" and ") ? "are" : "is";
    expect(error.message).toContain(`${missing} ${verb} not set; expected: what the Workload ID webhook`);
    expect(error.message).toContain('azure.workload.identity/use: "true"');
    expect(imds.requests).toEqual([]);
  });

  it("asks NMI where NMI's gate was chosen", async () => {
    const imds = await nodeOf(NO_CLIENT);
    vi.stubEnv("AZURE_IDENTITY_GUARD_NMI_URL", `${imds.url}/healthz`);
    await using credential = new ManagedIdentityCredential();
    expect(credential.health.snapshot().gateName).toBe("nmi");
  });
});
