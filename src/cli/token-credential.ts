import { DefaultAzureCredential } from "../guard/default-azure-credential.js";
import type { GuardedCredential } from "../guard/guarded-credential.js";
import type { EnvironmentValues } from "../config/environment.js";
import { isGuardError } from "../errors.js";
import type { KeySnapshot } from "../health/health-snapshot.js";
import type { TokenIdentity } from "../identity/token-claims.js";
import type { CliIo } from "./command.js";
import { usageError } from "./usage.js";

/**
 * What concerns the application alone: the file is kept by the application, and its scopes are not what a single command
 * is asked about.
 */
const APPLICATION_ONLY = ["AZURE_IDENTITY_GUARD_HEALTH_FILE", "AZURE_IDENTITY_GUARD_WARM_UP_SCOPES"];

/**
 * The credential that the environment describes, guarded in any case: with no gate and no expectation left, it still has
 * a budget, and says which plane it found. Throws `ERR_GUARD_CONFIGURATION`.
 */
export function credentialOf(
  environment: EnvironmentValues,
  { inPlaceOfApplication = false }: { readonly inPlaceOfApplication?: boolean } = {},
): GuardedCredential {
  // The credential reads the process's own variables; flags stand in for some of them.
  Object.assign(process.env, environment);
  if (!inPlaceOfApplication) for (const name of APPLICATION_ONLY) Reflect.deleteProperty(process.env, name);
  return new DefaultAzureCredential({ guard: {} });
}

/** The same; an exit code where the settings cannot be used. */
export function tokenCredential(
  io: CliIo,
  command: string,
  options?: { readonly inPlaceOfApplication?: boolean },
): GuardedCredential | number {
  try {
    return credentialOf(io.environment, options);
  } catch (error) {
    if (!isGuardError(error, "ERR_GUARD_CONFIGURATION")) throw error;
    const lines = error.details.problems.map(
      ({ name, value, expected }) => `${name} is ${value}; expected ${expected}`,
    );
    return usageError(io, command, lines);
  }
}

/** Whom a token names, as the command line calls it; never the token. */
export interface ClaimFacts {
  readonly oid?: string;
  readonly clientId?: string;
  readonly tenantId?: string;
  readonly resourceId?: string;
  readonly audience?: readonly string[];
}

/** The same, and how long it lasts. */
export interface TokenFacts extends ClaimFacts {
  readonly expiresOn?: string;
}

export function claimFacts(identity: TokenIdentity): ClaimFacts {
  const { objectId: oid, clientId, tenantId, resourceId, audience } = identity;
  return present({ oid, clientId, tenantId, resourceId, audience });
}

/** What the credential knows of its only key. */
export function tokenFacts({ health }: GuardedCredential): TokenFacts {
  const [key]: readonly (KeySnapshot | undefined)[] = health.snapshot().keys;
  const expiresOn = key?.expiresOn === undefined ? undefined : new Date(key.expiresOn).toISOString();
  return present({ ...claimFacts(key?.identity ?? {}), expiresOn });
}

function present(facts: object): object {
  return Object.fromEntries(
    Object.entries(facts).filter(([, value]: [string, unknown]) => value !== undefined),
  );
}

/** The facts in one line: `oid=... clientId=...`. */
export function factsLine(facts: TokenFacts): string {
  return Object.entries(facts)
    .map(([name, value]) => `${name}=${Array.isArray(value) ? value.join(",") : String(value)}`)
    .join(" ");
}
