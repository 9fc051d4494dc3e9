import { DefaultAzureCredential } from "../guard/default-azure-credential.js";
import type { GuardedCredential } from "../guard/guarded-credential.js";
import { VARIABLE_PREFIX, variable, type EnvironmentValues } from "../config/environment.js";
import { isGuardError } from "../errors.js";
import { redact } from "../identity/redact.js";
import type { KeySnapshot } from "../health/health-snapshot.js";
import type { TokenIdentity } from "../identity/token-claims.js";
import type { CliIo } from "./command.js";
import { printOwnWarnings } from "./own-warnings.js";
import type { FlagValues } from "./parse-flags.js";
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

/** What has to be known of a token before it is called verified. */
const VERIFIED_BY = [
  "In Kubernetes with no gate and no expectation, any identity's token would do. Give --expect-oid,",
  "or the node's address to find NMI, in the pod spec:",
  "    env:",
  "      - name: HOST_IP",
  "        valueFrom: { fieldRef: { fieldPath: status.hostIP } }",
  "Or say that any token will do: --gate none",
];

/** What names one identity; a tenant has many, and an audience says nothing of whose the token is. */
const EXPECTATIONS = ["OBJECT_ID", "CLIENT_ID", "RESOURCE_ID"].map(
  (claim) => `${VARIABLE_PREFIX}EXPECTED_${claim}`,
);

/** The same; an exit code where the settings cannot be used, or say nothing by which a token could be verified. */
export async function tokenCredential(
  values: FlagValues,
  io: CliIo,
  command: string,
  options?: { readonly inPlaceOfApplication?: boolean },
): Promise<GuardedCredential | number> {
  const { environment } = io;
  printOwnWarnings((message) => io.err(`${command}: ${message}`));
  try {
    const credential = credentialOf(environment, options);
    if (!isUnverified(credential, environment)) return credential;
    await credential.close();
    return usageError(io, command, [VERIFIED_BY.join("\n")]);
  } catch (error) {
    if (!isGuardError(error, "ERR_GUARD_CONFIGURATION")) throw error;
    const lines = error.details.problems.map(
      ({ name, value, expected }) =>
        `${name
          .split(", ")
          .map((each) => values.nameOf(each))
          .join(", ")} is ${value}; expected ${expected}`,
    );
    return usageError(io, command, lines);
  }
}

/** Whoever names a gate knows what it means. */
function isUnverified({ health }: GuardedCredential, environment: EnvironmentValues): boolean {
  if (variable(environment, "KUBERNETES_SERVICE_HOST") === undefined) return false;
  const gate = variable(environment, "AZURE_IDENTITY_GUARD_GATE")?.trim() ?? "auto";
  if (gate !== "auto") return false;
  if (health.snapshot().gateName !== undefined) return false;
  return !pinsIdentity(environment);
}

/** Whether tokens of one identity alone are taken. */
export function pinsIdentity(environment: EnvironmentValues): boolean {
  return EXPECTATIONS.some((name) => variable(environment, name) !== undefined);
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
  return present({
    oid,
    clientId,
    tenantId,
    resourceId,
    audience: audience?.map((each) => redact(each, 300)),
  });
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
