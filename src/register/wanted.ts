import { variable, type EnvironmentValues } from "../config/environment.js";
import { resolveOptions } from "../config/options.js";
import { detectGate } from "../gate/detect-gate.js";

/** What the environment asks of `register`. */
export interface Wanted {
  /** Whether guarding is on for a credential that the application gives no options. */
  readonly guard: boolean;
  /** What turned it on. */
  readonly why: string;
  readonly probes: boolean;
  readonly healthFile: string | undefined;
  /** Whether readiness has to wait for a credential: warm-up scopes are to be had before, and only a credential has them. */
  readonly awaitsCredential: boolean;
  /** For the log, where no credential will say so. */
  readonly warnings: readonly string[];
}

/**
 * Whether the guarded classes, made with these variables, would guard anything: as guard/drop-in.ts has it.
 *
 * @throws IdentityGuardError `ERR_GUARD_CONFIGURATION` with everything that is wrong with the variables
 */
export function wantedBy(environment: EnvironmentValues): Wanted {
  const options = resolveOptions(undefined, environment, { gate: "auto", expect: "environment" });
  const { nmiUrl, nmiUrlFrom, expectation, explicit, warnings, warmUpScopes, health } = options;
  const address = nmiUrlFrom === "HOST_IP" ? "host" : "url";
  const nmiAddress = nmiUrl === undefined ? undefined : address;
  // A gate of the application's own is no choice of the environment.
  const choice = typeof options.gate === "string" ? options.gate : "auto";
  const { gate, why } = detectGate({ environment, choice, nmiAddress });
  const gated = gate !== "none" && gate !== "delegated";
  const guard = explicit || expectation !== undefined || gated;
  return {
    guard,
    why: gated ? why : expectation === undefined ? "a variable of it is set" : "an identity is expected",
    probes: variable(environment, "AZURE_IDENTITY_GUARD_HEALTH_PORT") !== undefined,
    healthFile: health.file,
    awaitsCredential: guard && warmUpScopes.length > 0,
    warnings,
  };
}
