import { systemClock } from "../clock.js";
import { readEnvironment, variable, type EnvironmentValues } from "../config/environment.js";
import { showValue } from "../identity/show-value.js";
import { GATE_KEY, type Gate, type KeyedGate } from "./gate.js";
import { checkOptions, gateProblems } from "./gate-options.js";
import { readTokenFile } from "./token-file.js";
import { checkWorkloadIdentity, type WorkloadIdentityPorts } from "./workload-identity-check.js";
import type { WorkloadInjection } from "./workload-injection.js";

const GATE = "workload-identity";

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
 * @throws IdentityGuardError `ERR_GUARD_CONFIGURATION`, with all problems of the options.
 * @public
 */
export function workloadIdentityGate(options: WorkloadIdentityGateOptions = {}): Gate {
  const injection = injectionOf(options, readEnvironment());
  return createWorkloadIdentityGate(injection, { clock: systemClock, readFile: readTokenFile });
}

/**
 * Options over environment. Null and an empty text are unset, as in `@azure/identity`.
 *
 * @throws IdentityGuardError `ERR_GUARD_CONFIGURATION` for options that are no texts
 */
export function injectionOf(
  options: WorkloadIdentityGateOptions,
  environment: EnvironmentValues,
): WorkloadInjection {
  checkOptions(GATE, options);
  const { clientId, tenantId, tokenFilePath, authorityHost } = options;
  const problems = Object.entries({ clientId, tenantId, tokenFilePath, authorityHost }).flatMap(
    ([name, given]: [string, unknown]) =>
      given === undefined || given === null || typeof given === "string"
        ? []
        : [{ name, value: showValue(given), expected: "a text" }],
  );
  if (problems.length > 0) throw gateProblems(GATE, problems);
  const value = (given: string | undefined, name: string): string | undefined =>
    given ? given : variable(environment, name);
  return {
    clientId: value(clientId, "AZURE_CLIENT_ID"),
    tenantId: value(tenantId, "AZURE_TENANT_ID"),
    tokenFilePath: value(tokenFilePath, "AZURE_FEDERATED_TOKEN_FILE"),
    authorityHost: value(authorityHost, "AZURE_AUTHORITY_HOST"),
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
    name: GATE,
    [GATE_KEY]: `workload-identity ${key}`,
    check: async () => await checkWorkloadIdentity(injection, ports),
  };
}
