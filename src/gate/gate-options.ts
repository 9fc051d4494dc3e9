import { IdentityGuardError, type ConfigurationProblem } from "../errors.js";
import { showValue } from "../identity/show-value.js";

/** The managed identity endpoint of AKS and of VMs; NMI and the migration proxy take its place. */
export const METADATA_URL = "http://169.254.169.254";

/** The error of a gate whose options cannot be used. */
export function gateProblems(
  gate: string,
  problems: readonly ConfigurationProblem[],
): IdentityGuardError<"ERR_GUARD_CONFIGURATION"> {
  const lines = problems.map(({ name, value, expected }) => `${name} is ${value}; give ${expected}`);
  return new IdentityGuardError(
    "ERR_GUARD_CONFIGURATION",
    `The ${gate} gate cannot be built. ${lines.join("\n")}`,
    { problems },
  );
}

/** Throws the error of a gate whose options are no options at all. */
export function checkOptions(gate: string, options: unknown): void {
  if (typeof options === "object" && options !== null && !Array.isArray(options)) return;
  throw gateProblems(gate, [
    { name: "options", value: showValue(options), expected: "an object of options" },
  ]);
}

/** A whole URL of the option `name`; otherwise a problem more. */
export function httpUrl(name: string, value: unknown, problems: ConfigurationProblem[]): string | undefined {
  const parsed = typeof value === "string" && URL.canParse(value) ? new URL(value) : undefined;
  const secret = parsed !== undefined && `${parsed.username}${parsed.password}` !== "";
  if (parsed !== undefined && !secret && /^https?:$/u.test(parsed.protocol)) return parsed.href;
  problems.push({
    name,
    value: secret ? "a URL with a user name or password" : showValue(value),
    expected: "a whole URL that begins with http:// or https://, without user name and password",
  });
  return undefined;
}
