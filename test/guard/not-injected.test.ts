import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DefaultAzureCredential } from "../../src/guard/default-azure-credential.js";
import type { GuardOption } from "../../src/guard/drop-in.js";
import type { GuardedCredential } from "../../src/guard/guarded-credential.js";
import { ManagedIdentityCredential } from "../../src/guard/managed-identity-credential.js";
import { WorkloadIdentityCredential } from "../../src/guard/workload-identity-credential.js";
import { serve } from "../endpoint/local-server.js";
import { RIGHT, SCOPE } from "./world.js";

const CLASSES: Readonly<Record<string, (options: GuardOption) => GuardedCredential>> = {
  DefaultAzureCredential: (options) => new DefaultAzureCredential(options),
  ManagedIdentityCredential: (options) => new ManagedIdentityCredential(options),
  "ManagedIdentityCredential of a client ID": (options) => new ManagedIdentityCredential(RIGHT, options),
  WorkloadIdentityCredential: (options) => new WorkloadIdentityCredential(options),
};
const byName = { guard: { gate: "workload-identity" } } as const;
const ROWS: readonly (readonly [string, GuardOption, Readonly<Record<string, string>>])[] = [
  ["the variable", {}, { AZURE_IDENTITY_GUARD_GATE: "workload-identity" }],
  ["the option", byName, {}],
  ["the option, on the node's address", byName, { HOST_IP: "127.0.0.1" }],
  ["a token file alone", {}, { AZURE_FEDERATED_TOKEN_FILE: "/var/run/secrets/token" }],
  [
    "a token file alone, as the managed identity",
    {},
    { AZURE_FEDERATED_TOKEN_FILE: "/f", AZURE_TOKEN_CREDENTIALS: "ManagedIdentityCredential" },
  ],
  ["the member that is asked for", { guard: {} }, { AZURE_TOKEN_CREDENTIALS: "WorkloadIdentityCredential" }],
];

beforeEach(() => {
  for (const name of Object.keys(process.env)) {
    if (/^(?:AZURE_|IDENTITY_|MSI_|IMDS_|HOST_IP$)/u.test(name)) vi.stubEnv(name, undefined);
  }
  vi.stubEnv("KUBERNETES_SERVICE_HOST", "10.0.0.1");
});
afterEach(() => vi.unstubAllEnvs());

describe.each(Object.entries(CLASSES))("a pod that the webhook missed, with a %s", (name, make) => {
  it.each(ROWS.filter(([by]) => by !== "the member that is asked for" || name === "DefaultAzureCredential"))(
    "expected by %s, is refused at once, and no request reaches IMDS",
    async (_by, options, environment) => {
      const imds = await serve((_request, response) => response.writeHead(500).end());
      vi.stubEnv("AZURE_POD_IDENTITY_AUTHORITY_HOST", imds.url);
      for (const [variable, value] of Object.entries(environment)) vi.stubEnv(variable, value);
      await using credential = make(options);
      await expect(credential.getToken(SCOPE)).rejects.toMatchObject({
        name: "IdentityGuardError",
        code: "ERR_GUARD_GATE_CLOSED",
        message: expect.stringContaining("azure.workload.identity/use") as string,
        details: { reason: "not-injected", permanent: true, attempts: [] },
      });
      expect(imds.requests).toEqual([]);
    },
  );
});
