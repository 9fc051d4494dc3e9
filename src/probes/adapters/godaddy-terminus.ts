import { ProbeEndpoint, PROBES } from "../probe-endpoint.js";
import { verdictsOf } from "../probe-format.js";
import { resolveProbeOptions, type ProbeOptions } from "../probe-options.js";
import type { ProbeTarget } from "../target.js";

/**
 * A health check of `@godaddy/terminus` 4: resolves with what it found, by name, where the probe passes, and else
 * rejects with an error that has the same in `causes`.
 *
 * @public
 */
export type TerminusHealthCheck = () => Promise<Readonly<Record<string, string>>>;

/**
 * The probes as `healthChecks: terminusHealthChecks()` for `createTerminus()` of `@godaddy/terminus` 4. Paths are those of
 * {@link createProbeHandler} without `/metrics`, and Terminus serves them without a query. Give it
 * `sendFailuresDuringShutdown: false` and call {@link drain} in `beforeShutdown`: by itself Terminus fails liveness, too,
 * once the signal has come.
 *
 * Throws `ERR_GUARD_CONFIGURATION` for a target or options that cannot be used.
 *
 * @public
 */
export function terminusHealthChecks(
  target?: ProbeTarget | readonly ProbeTarget[],
  options?: ProbeOptions,
): Record<string, TerminusHealthCheck> {
  const endpoint = new ProbeEndpoint(target, options);
  const { prefix } = resolveProbeOptions(options);
  const checks = [...PROBES].map(([path, probe]): [string, TerminusHealthCheck] => [
    prefix + path,
    async () => {
      const report = await endpoint.report(probe);
      const causes = verdictsOf(report);
      if (!report.passed) throw Object.assign(new Error(`${path.slice(1)} check failed`), { causes });
      return causes;
    },
  ]);
  return Object.fromEntries(checks);
}
