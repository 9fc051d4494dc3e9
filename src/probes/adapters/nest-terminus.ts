import type { ProbeName } from "../../health/health-report.js";
import { ProbeEndpoint } from "../probe-endpoint.js";
import { verdictsOf } from "../probe-format.js";
import type { ProbeOptions } from "../probe-options.js";
import type { ProbeTarget } from "../target.js";

/**
 * A `HealthIndicatorResult` of `@nestjs/terminus`.
 *
 * @public
 */
export type IdentityHealthResult<Key extends string = string> = Record<
  Key,
  {
    readonly status: "up" | "down";
    /** What was looked at, by name: `ok`, or `failed: ` and the reason. */
    readonly checks: Readonly<Record<string, string>>;
  }
>;

/**
 * A health indicator for `@nestjs/terminus` 11: `health.check([() => identity.isHealthy("identity")])`. As a provider
 * of a module it needs no decorator, `providers: [IdentityHealthIndicator]`, and then tells of every guarded
 * credential of the process; with arguments it is provided by `useValue` or `useFactory`. Terminus 10 and older take a
 * result that is "down" for healthy: they want an error.
 *
 * Throws `ERR_GUARD_CONFIGURATION` for a target or options that cannot be used.
 *
 * @public
 */
export class IdentityHealthIndicator {
  readonly #endpoint: ProbeEndpoint;

  constructor(target?: ProbeTarget | readonly ProbeTarget[], options?: Omit<ProbeOptions, "prefix">) {
    this.#endpoint = new ProbeEndpoint(target, options);
  }

  /** What a probe finds, under `key`: readiness, or `"live"` or `"startup"`. */
  async isHealthy<Key extends string>(
    key: Key,
    probe: ProbeName = "ready",
  ): Promise<IdentityHealthResult<Key>> {
    const report = await this.#endpoint.report(probe);
    const status = report.passed ? "up" : "down";
    // TypeScript widens a computed key to string.
    return { [key]: { status, checks: verdictsOf(report) } } as IdentityHealthResult<Key>;
  }
}
