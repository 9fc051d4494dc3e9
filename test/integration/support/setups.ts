import type { NodeSimulator } from "../../../src/testing/node-simulator.js";
import type { CredentialSpec } from "./child.js";
import type { Setup } from "./scenarios.js";
import { scaledEnvironment } from "./scale.js";

export const RESOURCE = "https://vault.azure.net";
export const SCOPE: string = `${RESOURCE}/.default`;

/** What the kubelet sets in every pod. */
export const IN_KUBERNETES: Readonly<Record<string, string>> = { KUBERNETES_SERVICE_HOST: "10.0.0.1" };

/** The environment of a pod on `node` whose identity is expected, under the NMI gate; times divided by `scale`. */
export function gatedEnvironment(node: NodeSimulator, scale = 1): Record<string, string> {
  return {
    ...IN_KUBERNETES,
    ...scaledEnvironment(scale),
    ...node.environment,
    AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: node.identity.objectId,
  };
}

export function ungatedEnvironment(node: NodeSimulator, scale = 1): Record<string, string> {
  return { ...gatedEnvironment(node, scale), AZURE_IDENTITY_GUARD_GATE: "none" };
}

export const GUARDED_DEFAULT: CredentialSpec = { from: "guard", name: "DefaultAzureCredential" };
/** Shares everything with {@link GUARDED_DEFAULT} but the patience: 3 s. */
export const IMPATIENT_DEFAULT: CredentialSpec = {
  ...GUARDED_DEFAULT,
  args: [{ guard: { retry: { budgetMs: 3_000 } } }],
};
export const GUARDED_MANAGED_IDENTITY: CredentialSpec = { from: "guard", name: "ManagedIdentityCredential" };

/** Credential and environment of each column of the scenario table. */
export const SETUPS: Readonly<
  Record<
    Setup,
    {
      readonly title: string;
      readonly environment: (node: NodeSimulator, scale?: number) => Record<string, string>;
      readonly credential: (node: NodeSimulator) => CredentialSpec;
    }
  >
> = {
  gated: {
    title: "DefaultAzureCredential under the NMI gate",
    environment: gatedEnvironment,
    credential: () => GUARDED_DEFAULT,
  },
  ungated: {
    title: "ManagedIdentityCredential with an expectation and no gate",
    environment: ungatedEnvironment,
    credential: () => GUARDED_MANAGED_IDENTITY,
  },
  wrapped: {
    title: "guard(ManagedIdentityCredential of the SDK)",
    environment: ungatedEnvironment,
    credential: (node) => ({
      from: "sdk",
      name: "ManagedIdentityCredential",
      // One request for each attempt: the retries are the guard's.
      args: [{ retryOptions: { maxRetries: 0 } }],
      wrap: { expect: { objectId: node.identity.objectId } },
    }),
  },
};
