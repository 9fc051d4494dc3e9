import { resolveOptions, type GuardOptions, type ResolvedOptions } from "../../src/config/options.js";
import type { ConfigurationProblem } from "../../src/errors.js";
import { isGuardError } from "../../src/errors.js";

/** How the guarded classes call, and how `guard(x)` does. */
export const CLASSES = { gate: "auto", expect: "environment" } as const;
export const WRAPPER = { gate: "none", expect: "none" } as const;

export const resolve = (
  given?: GuardOptions,
  environment: Record<string, string> = {},
  defaults: Parameters<typeof resolveOptions>[2] = CLASSES,
): ResolvedOptions => resolveOptions(given, environment, defaults);

/** What resolving fails with; `given` is unchecked, as from JavaScript. */
export function failure(
  given: unknown,
  environment: Record<string, string> = {},
  defaults: Parameters<typeof resolveOptions>[2] = CLASSES,
): {
  readonly message: string;
  readonly problems: readonly ConfigurationProblem[];
  readonly names: readonly string[];
} {
  try {
    resolveOptions(given as GuardOptions, environment, defaults);
  } catch (error) {
    if (!isGuardError(error, "ERR_GUARD_CONFIGURATION")) throw error;
    const { problems } = error.details;
    return { message: error.message, problems, names: problems.map(({ name }) => name) };
  }
  return { message: "", problems: [], names: [] };
}
