import { readEnvironment, type EnvironmentValues } from "../config/environment.js";
import { OPTION_KINDS, type KindRules } from "../config/option-kind.js";
import { OPTION_DEFAULTS } from "../config/option-table.js";
import { readSetting } from "../config/read-setting.js";
import { misconfigured } from "../guard/misconfigured.js";
import type { EndSignal } from "../process-events.js";
import type { ProbeOptions } from "./probe-options.js";
import type { DrainOptions } from "./shutdown-signals.js";
import type { ProbeTarget } from "./target.js";

/**
 * How the probe server is started.
 *
 * @public
 */
export interface ProbeServerOptions extends ProbeOptions {
  /** Default `AZURE_IDENTITY_GUARD_HEALTH_PORT`; one of both is needed. 0 is any free port. */
  readonly port?: number | undefined;
  /** Default `AZURE_IDENTITY_GUARD_HEALTH_HOST`, else all interfaces: the kubelet asks the pod's own address. */
  readonly host?: string | undefined;
  /** What the probes ask. Default: every guarded credential of the process. */
  readonly target?: ProbeTarget | readonly ProbeTarget[] | undefined;
  /** Whether `/` has a status page. Default `AZURE_IDENTITY_GUARD_HEALTH_PAGE`, else `false`. */
  readonly page?: boolean | undefined;
  /** Whether the process stays while the server runs. Default `false`: the application's own work decides. */
  readonly keepAlive?: boolean | undefined;
  /** Given, a signal drains and then ends the process. Default: signals are left alone. */
  readonly drainOn?: DrainOptions | undefined;
}

interface ResolvedServerOptions {
  readonly port: number;
  readonly host: string | undefined;
  readonly page: boolean;
  readonly keepAlive: boolean;
  readonly drainOn: DrainOptions | undefined;
}

const SIGNALS: readonly EndSignal[] = ["SIGTERM", "SIGINT", "SIGHUP"];

export function resolveServerOptions(
  options: ProbeServerOptions,
  environment: EnvironmentValues = readEnvironment(),
): ResolvedServerOptions {
  // JavaScript callers may give anything.
  const given: { readonly [K in keyof ProbeServerOptions]: unknown } = options;
  const { keepAlive = false } = given;
  const page =
    given.page ??
    readSetting(environment, "AZURE_IDENTITY_GUARD_HEALTH_PAGE", "flag") ??
    OPTION_DEFAULTS.page;
  if (typeof page !== "boolean") throw misconfigured("page", page, "true or false, as a boolean");
  if (typeof keepAlive !== "boolean")
    throw misconfigured("keepAlive", keepAlive, "true or false, as a boolean");
  const port =
    checked("port", given.port, OPTION_KINDS.port) ??
    readSetting(environment, "AZURE_IDENTITY_GUARD_HEALTH_PORT", "port");
  if (port === undefined) {
    throw misconfigured(
      "port",
      undefined,
      "a port, here or as AZURE_IDENTITY_GUARD_HEALTH_PORT, such as 8086",
    );
  }
  const host =
    checked("host", given.host, OPTION_KINDS.host) ??
    readSetting(environment, "AZURE_IDENTITY_GUARD_HEALTH_HOST", "host");
  return { port, host, page, keepAlive, drainOn: drainOptions(given.drainOn) };
}

function checked<T>(name: string, value: unknown, kind: KindRules<T>): T | undefined {
  if (value === undefined) return undefined;
  const accepted = kind.fromOption(value);
  if (accepted === undefined) throw misconfigured(name, value, kind.optionForm ?? kind.form);
  return accepted;
}

function drainOptions(value: unknown): DrainOptions | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "object" || value === null) {
    throw misconfigured("drainOn", value, "an object of options, such as { delayMs: 5000 }");
  }
  const given: { readonly [K in keyof DrainOptions]: unknown } = value;
  const { signals, delayMs } = given;
  const known = (signal: unknown): boolean => SIGNALS.some((each) => each === signal);
  if (signals !== undefined && !(Array.isArray(signals) && signals.length > 0 && signals.every(known))) {
    throw misconfigured("drainOn.signals", signals, `a list of ${SIGNALS.join(", ")}`);
  }
  if (delayMs !== undefined && !(typeof delayMs === "number" && delayMs >= 0 && delayMs <= 600_000)) {
    throw misconfigured("drainOn.delayMs", delayMs, "milliseconds, as a number from 0 to 600000");
  }
  return { signals: signals as DrainOptions["signals"], delayMs };
}
