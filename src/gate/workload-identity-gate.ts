import { systemClock } from "../clock.js";
import { readEnvironment, variable, type EnvironmentValues } from "../config/environment.js";
import { GATE_KEY, type Gate, type KeyedGate } from "./gate.js";
import { readTokenFile } from "./token-file.js";
import { checkWorkloadIdentity, type WorkloadIdentityPorts } from "./workload-identity-check.js";
import type { WorkloadInjection } from "./workload-injection.js";

/**
 * What the Workload ID webhook injects; each value stands for its variable.
 *
 * @public
 */
export interface WorkloadIdentityGateOptions {
  /** Default `AZURE_CLIENT_ID`. */
  clientId?: string | undefined;
  /** Default `AZURE_TENANT_ID`. */
  tenantId?: string | undefined;
  /** Default `AZURE_FEDERATED_TOKEN_FILE`: the path has changed twice, so that it has no other default. */
  tokenFilePath?: string | undefined;
  /** Default `AZURE_AUTHORITY_HOST`, which may be unset. */
  authorityHost?: string | undefined;
}

/**
 * A gate that is open while everything that the Workload ID webhook injects is there, and the service account token in
 * its file is a JWT that has not expired. The file is read at each check. Variables that are missing close it for good.
 * Gates of the same values share one watcher.
 *
 * @public
 */
export function workloadIdentityGate(options: WorkloadIdentityGateOptions = {}): Gate {
  const injection = injectionOf(options, readEnvironment());
  return createWorkloadIdentityGate(injection, { clock: systemClock, readFile: readTokenFile });
}

/** Options over environment. Null and an empty text are unset, as in `@azure/identity`. */
export function injectionOf(
  options: WorkloadIdentityGateOptions,
  environment: EnvironmentValues,
): WorkloadInjection {
  const value = (given: string | undefined, name: string): string | undefined =>
    given ? given : variable(environment, name);
  return {
    clientId: value(options.clientId, "AZURE_CLIENT_ID"),
    tenantId: value(options.tenantId, "AZURE_TENANT_ID"),
    tokenFilePath: value(options.tokenFilePath, "AZURE_FEDERATED_TOKEN_FILE"),
    authorityHost: value(options.authorityHost, "AZURE_AUTHORITY_HOST"),
  };
}

/** The gate behind {@link workloadIdentityGate}. */
export function createWorkloadIdentityGate(
  injection: WorkloadInjection,
  ports: WorkloadIdentityPorts,
): KeyedGate {
  const { clientId, tenantId, tokenFilePath, authorityHost } = injection;
  const key = JSON.stringify([clientId, tenantId, tokenFilePath, authorityHost]);
  return {
    name: "workload-identity",
    [GATE_KEY]: `workload-identity ${key}`,
    check: async () => await checkWorkloadIdentity(injection, ports),
  };
}
