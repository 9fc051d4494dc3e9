import { readEnvironment, variable, type EnvironmentValues } from "../../config/environment.js";
import { GATE_CHOICES, type GateChoice, type ResolvedOptions } from "../../config/guard-options.js";
import { nmiHealthUrl } from "../../config/nmi-address.js";
import { resolveOptions } from "../../config/options.js";
import { OPTION_KINDS } from "../../config/option-kind.js";
import { OPTION_DEFAULTS } from "../../config/option-table.js";
import { isGuardError, type ConfigurationProblem } from "../../errors.js";
import { httpUrl, METADATA_URL } from "../../gate/gate-options.js";
import { showValue } from "../../identity/show-value.js";
import type { SettingsFacts } from "./observations.js";
import { capturingProxy, proxyWithoutScheme } from "./proxy-variables.js";
import { secretVariable } from "./secret-variable.js";

const METADATA_VARIABLE = "AZURE_POD_IDENTITY_AUTHORITY_HOST";

/** What the environment asks for, as the library reads it; what it would refuse is a problem, and the rest is read on. */
export function readSettings(environment: EnvironmentValues, ownAddresses: readonly string[]): SettingsFacts {
  const problems: ConfigurationProblem[] = [];
  const used = readEnvironment(environment);
  const options = resolve(used, problems) ?? withoutProblems(used);
  const given = variable(used, METADATA_VARIABLE)?.trim();
  const metadataUrl =
    given === undefined ? METADATA_URL : (httpUrl(METADATA_VARIABLE, given, problems) ?? METADATA_URL);
  const { nmiUrl, nmiUrlFrom, hostIp, proxyPort, expectation, warnings } = options;
  const captured = capturingProxy(environment, metadataUrl);
  const expected = { objectIds: expectation?.objectIds ?? [], any: expectation !== undefined };
  return {
    gate: typeof options.gate === "string" ? options.gate : "auto",
    ...present({ nmiUrl, nmiUrlFrom, hostIp: hostIp ?? shown(used, "HOST_IP") }),
    ...present({
      clientId: shown(used, "AZURE_CLIENT_ID"),
      tenantId: shown(used, "AZURE_TENANT_ID"),
      tokenFilePath: shown(used, "AZURE_FEDERATED_TOKEN_FILE"),
      authorityHost: shown(used, "AZURE_AUTHORITY_HOST"),
    }),
    metadataUrl,
    proxyPort,
    expected,
    onHostNetwork: nmiUrl !== undefined && ownAddresses.includes(new URL(nmiUrl).hostname),
    ...present({
      captured,
      proxyWithoutScheme: proxyWithoutScheme(environment),
      secretVariable: secretVariable(used),
    }),
    problems,
    warnings,
  };
}

/** As everything that is read here is shown: a secret may have been put into the wrong variable. */
function shown(environment: EnvironmentValues, name: string): string | undefined {
  const value = variable(environment, name);
  return value === undefined ? undefined : showValue(value);
}

function resolve(
  environment: EnvironmentValues,
  problems: ConfigurationProblem[],
): ResolvedOptions | undefined {
  try {
    return resolveOptions({}, environment, { gate: "auto", expect: "environment" });
  } catch (error) {
    if (!isGuardError(error, "ERR_GUARD_CONFIGURATION")) throw error;
    problems.push(...error.details.problems);
    return undefined;
  }
}

type Readable = Pick<
  ResolvedOptions,
  "gate" | "nmiUrl" | "nmiUrlFrom" | "hostIp" | "proxyPort" | "expectation" | "warnings"
>;

/** What can be said where some value is refused: enough to look at the node. */
function withoutProblems(environment: EnvironmentValues): Readable {
  const choice = variable(environment, "AZURE_IDENTITY_GUARD_GATE")?.trim();
  const gate = GATE_CHOICES.find((each) => each === choice) ?? ("auto" satisfies GateChoice);
  // What is no address may be anything: nobody is asked for it, and it is shown as a problem alone.
  const given = OPTION_KINDS.healthUrl.fromOption(variable(environment, "AZURE_IDENTITY_GUARD_NMI_URL"));
  const hostIp = OPTION_KINDS.ipv4.fromOption(variable(environment, "HOST_IP"));
  const nmiUrl = given ?? (hostIp === undefined ? undefined : nmiHealthUrl(hostIp));
  return {
    gate,
    nmiUrl,
    nmiUrlFrom:
      nmiUrl === undefined ? undefined : nmiUrl === given ? "AZURE_IDENTITY_GUARD_NMI_URL" : "HOST_IP",
    hostIp,
    proxyPort: OPTION_DEFAULTS.proxyPort,
    expectation: undefined,
    warnings: [],
  };
}

/** With `exactOptionalPropertyTypes` a field that is unset must be absent. */
function present<T extends Readonly<Record<string, unknown>>>(
  fields: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const set = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
