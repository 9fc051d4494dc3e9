/** Environment variables by name. A name that is absent, or whose value is blank, is unset. */
export type EnvironmentValues = Readonly<Record<string, string | undefined>>;

/** What the variables of this library begin with; `HOST_IP` is the one exception. */
export const VARIABLE_PREFIX = "AZURE_IDENTITY_GUARD_";

/**
 * Prefixes of the variables that the library looks at: its own, those of `@azure/identity`, and those by which
 * MSAL tells managed identity sources apart (msal-node `ManagedIdentityClient`: `IDENTITY_*`, `MSI_*`).
 */
const PREFIXES: readonly string[] = ["AZURE_", "IDENTITY_", "MSI_"];

const NAMES: ReadonlySet<string> = new Set([
  "HOST_IP",
  "IMDS_ENDPOINT", // Azure Arc, together with IDENTITY_ENDPOINT
  "DEFAULT_IDENTITY_CLIENT_ID", // Azure Machine Learning
  "KUBERNETES_SERVICE_HOST", // set by the kubelet in every pod
]);

/** The value of a variable; `undefined` where it is absent or blank. */
export function variable(environment: EnvironmentValues, name: string): string | undefined {
  const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
  return value === undefined || value.trim() === "" ? undefined : value;
}

/**
 * A frozen copy of the variables that the library uses, taken now. Blank values are left out.
 * The copy may hold secrets of the SDK (`AZURE_CLIENT_SECRET`, `IDENTITY_HEADER`): never log it.
 *
 * @param source default `process.env`
 */
export function readEnvironment(source: EnvironmentValues = process.env): EnvironmentValues {
  const used = Object.keys(source)
    .filter((name) => NAMES.has(name) || PREFIXES.some((prefix) => name.startsWith(prefix)))
    .map((name): [string, string | undefined] => [name, variable(source, name)])
    .filter(([, value]) => value !== undefined);
  return Object.freeze(Object.fromEntries(used));
}

/**
 * Whether a variable of any name has a value now, be it a blank one: what the SDK's option `requiredEnvVars` asks for.
 * Applications name variables of their own there, which {@link readEnvironment} leaves out.
 *
 * @param source default `process.env`
 */
export function hasValue(name: string, source: EnvironmentValues = process.env): boolean {
  return source[name] !== undefined && source[name] !== "";
}
