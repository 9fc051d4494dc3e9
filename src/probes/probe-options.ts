import { readEnvironment, type EnvironmentValues } from "../config/environment.js";
import { readSetting } from "../config/read-setting.js";
import { misconfigured } from "../guard/misconfigured.js";
import { PROBE_NAMES } from "../health/health-report.js";
import type { ProbeCheck } from "./application-check.js";

/**
 * How probes are served.
 *
 * @public
 */
export interface ProbeOptions {
  /** What the paths begin with, such as `/health`. Default none: `/readyz` and so on. */
  readonly prefix?: string | undefined;
  /** Checks of the application's own, beside those of its credentials. */
  readonly checks?: readonly ProbeCheck[] | undefined;
  /**
   * Whether answers show what the application's own checks threw. Default `AZURE_IDENTITY_GUARD_HEALTH_DETAILS`, else
   * `false`. What is shown of a credential is said by that credential's `health.details`.
   */
  readonly details?: boolean | undefined;
}

interface ResolvedProbeOptions {
  readonly prefix: string;
  readonly checks: readonly ProbeCheck[];
  readonly details: boolean;
}

/** Lines that credentials have, and that no check may be called. */
const TAKEN: readonly string[] = ["gate", "token", "shutdown"];

/** Checks the options; throws `ERR_GUARD_CONFIGURATION` for the first that cannot be used. */
export function resolveProbeOptions(
  options: ProbeOptions = {},
  environment: EnvironmentValues = readEnvironment(),
): ResolvedProbeOptions {
  // JavaScript callers may give anything.
  const given: { readonly [K in keyof ProbeOptions]: unknown } = options;
  const { prefix = "", checks = [], details } = given;
  if (typeof prefix !== "string" || !/^(\/[\w.~-]+)*$/u.test(prefix)) {
    throw misconfigured("prefix", prefix, "a path without a slash at its end, such as /health, or nothing");
  }
  if (!Array.isArray(checks)) throw misconfigured("checks", checks, "a list of { name, check }");
  if (details !== undefined && typeof details !== "boolean") {
    throw misconfigured("details", details, "true or false, as a boolean");
  }
  const names = new Set<string>();
  for (const check of checks as readonly unknown[]) names.add(checkedName(check, names));
  return {
    prefix,
    checks: checks as readonly ProbeCheck[],
    details: details ?? readSetting(environment, "AZURE_IDENTITY_GUARD_HEALTH_DETAILS", "flag") ?? false,
  };
}

function checkedName(given: unknown, taken: ReadonlySet<string>): string {
  const { name, check, probes, timeoutMs } = {
    ...(given as Partial<Record<keyof ProbeCheck, unknown>> | null),
  };
  if (typeof name !== "string" || !/^[\w.-]{1,63}$/u.test(name) || TAKEN.includes(name) || taken.has(name)) {
    throw misconfigured(
      "checks[].name",
      name,
      `1 to 63 letters, digits, -, _ or ., each name once, and none of ${TAKEN.join(", ")}`,
    );
  }
  if (typeof check !== "function") throw misconfigured(`checks.${name}.check`, check, "a function");
  const known = (probe: unknown): boolean => PROBE_NAMES.some((each) => each === probe);
  if (probes !== undefined && !(Array.isArray(probes) && probes.length > 0 && probes.every(known))) {
    throw misconfigured(`checks.${name}.probes`, probes, `a list of ${PROBE_NAMES.join(", ")}`);
  }
  if (timeoutMs !== undefined && !(typeof timeoutMs === "number" && timeoutMs >= 1 && timeoutMs <= 60_000)) {
    throw misconfigured(`checks.${name}.timeoutMs`, timeoutMs, "milliseconds, as a number from 1 to 60000");
  }
  return name;
}
