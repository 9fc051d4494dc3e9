import type { Clock } from "../../clock.js";
import { variable, type EnvironmentValues } from "../../config/environment.js";
import type { TokenFileReader } from "../../gate/token-file.js";
import { checkWorkloadIdentity } from "../../gate/workload-identity-check.js";
import { injectionOf } from "../../gate/workload-identity-gate.js";
import { missingVariables } from "../../gate/workload-injection.js";
import { readAssertion, type AssertionClaims } from "../../identity/assertion-claims.js";
import type { InjectionLook } from "./observations.js";

export interface FilePorts {
  readonly clock: Clock;
  readonly readFile: TokenFileReader;
  /** When a file was written, in milliseconds since the Unix epoch. Rejects with Node's error. */
  readonly modifiedAt: (path: string) => Promise<number>;
}

/** What the Workload ID webhook injected, and what the file that it names says of itself. */
export async function lookAtInjection(
  environment: EnvironmentValues,
  ports: FilePorts,
): Promise<InjectionLook> {
  const injection = injectionOf({}, environment);
  const path = variable(environment, "AZURE_FEDERATED_TOKEN_FILE");
  const [{ reason, detail = "" }, claims, writtenAt] = await Promise.all([
    checkWorkloadIdentity(injection, ports),
    claimsIn(path, ports),
    path === undefined ? undefined : ports.modifiedAt(path).catch(() => undefined),
  ]);
  const { expiresAt, issuer, subject, audience } = claims;
  const missing = missingVariables(injection);
  const now = ports.clock.now();
  return {
    reason,
    detail,
    missing,
    ...(issuer === undefined ? {} : { issuer }),
    ...(subject === undefined ? {} : { subject }),
    ...(audience === undefined ? {} : { audience }),
    ...(expiresAt === undefined ? {} : { expiresInMs: expiresAt - now }),
    ...(writtenAt === undefined ? {} : { ageMs: now - writtenAt }),
  };
}

/** The claims that name; none where the file cannot be read, which the check has said already. */
async function claimsIn(path: string | undefined, { readFile }: FilePorts): Promise<AssertionClaims> {
  if (path === undefined) return {};
  try {
    const file = await readFile(path);
    return ("text" in file ? readAssertion(file.text.trim()) : undefined) ?? {};
  } catch {
    return {};
  }
}
