import { IdentityGuardError, type ConfigurationProblem } from "../errors.js";
import { createExpectation, type Expectation, type ExpectOptions } from "../identity/expectation.js";
import { showName, showValue } from "../identity/show-value.js";
import { fitSchedule, RETRY_DEFAULTS, type RetrySchedule } from "../retry/retry-budget.js";
import { variable, VARIABLE_PREFIX, type EnvironmentValues } from "./environment.js";
import type { GateChoice, GuardOptions, ResolvedOptions } from "./guard-options.js";
import { nearestName } from "./nearest-name.js";
import { readNmiAddress } from "./nmi-address.js";
import { createOptionReader, type OptionReader } from "./option-reader.js";
import { OPTION_DEFAULTS, OPTION_TABLE } from "./option-table.js";

export type {
  GateChoice,
  GuardOptions,
  HealthOptions,
  NmiOptions,
  NmiUrlSource,
  ProxyOptions,
  ResolvedOptions,
  RetryOptions,
} from "./guard-options.js";
export { OPTION_TABLE, type OptionRow } from "./option-table.js";

/** What holds for a caller that says nothing: the guarded classes and `guard(x)` differ. */
interface CallerDefaults {
  readonly gate: GateChoice;
  readonly expect: "environment" | "none";
}

/**
 * Merges options, environment and defaults, in this order of precedence, field by field.
 *
 * @throws IdentityGuardError `ERR_GUARD_CONFIGURATION` with every problem there is, one line each in the message
 */
export function resolveOptions(
  given: GuardOptions | undefined,
  environment: EnvironmentValues,
  defaults: { gate: GateChoice; expect: "environment" | "none" },
): ResolvedOptions {
  const reader = createOptionReader(given, environment);
  const warnings: string[] = [];
  const gate = readGate(reader, defaults);
  const address = readNmiAddress(reader, environment, gate);
  const resolved: ResolvedOptions = {
    gate,
    ...address,
    pollIntervalMs:
      reader.read("nmi.pollIntervalMs", "duration", { environment: gate !== "none" }) ??
      OPTION_DEFAULTS.pollIntervalMs,
    proxyPort:
      reader.read("proxy.port", "targetPort", { environment: gate !== "none" }) ?? OPTION_DEFAULTS.proxyPort,
    retry: readRetry(reader, warnings),
    expectation: readExpectation(reader, defaults, warnings),
    health: Object.freeze({
      livenessGraceMs: reader.read("health.livenessGraceMs", "grace") ?? OPTION_DEFAULTS.livenessGraceMs,
      readyWhileDegraded:
        reader.read("health.readyWhileDegraded", "flag") ?? OPTION_DEFAULTS.readyWhileDegraded,
      details: reader.read("health.details", "flag") ?? OPTION_DEFAULTS.details,
      name: reader.read("health.name", "label"),
      file: reader.read("health.file", "filePath"),
    }),
    warmUpScopes: reader.read("warmUpScopes", "scopes") ?? Object.freeze([]),
    explicit: given !== undefined || turnsGuardingOn(environment),
    warnings,
  };
  for (const row of OPTION_TABLE) if (row.serverOption !== undefined) reader.check(row);
  if (reader.problems.length > 0) throw configurationError(reader.problems);
  warnings.push(...environmentWarnings(environment), ...ineffectiveAddress(reader, gate));
  Object.freeze(warnings);
  return Object.freeze(resolved);
}

/** `auto` asks the environment, and so does a guarded class that says nothing. */
function readGate(reader: OptionReader, defaults: CallerDefaults): ResolvedOptions["gate"] {
  const given = reader.given("gate");
  const choice = given === undefined ? defaults.gate : (reader.read("gate", "gate") ?? defaults.gate);
  return choice === "auto" ? (reader.readVariable("gate", "gate") ?? "auto") : choice;
}

function readRetry(reader: OptionReader, warnings: string[]): RetrySchedule {
  const before = reader.problems.length;
  const values = {
    budgetMs: reader.read("retry.budgetMs", "duration"),
    minRetries: reader.read("retry.minRetries", "count"),
    delayMs: reader.read("retry.delayMs", "duration"),
    maxDelayMs: reader.read("retry.maxDelayMs", "duration"),
    attemptTimeoutMs: reader.read("retry.attemptTimeoutMs", "duration"),
  };
  const explicit = Object.entries(values).filter(([, value]) => value !== undefined);
  if (reader.problems.length > before) return RETRY_DEFAULTS; // values that are no values cannot be fitted
  const fitted = fitSchedule(Object.fromEntries(explicit));
  if ("problem" in fitted) {
    const paths = explicit.map(([field]) => `retry.${field}`);
    reader.problems.push({
      name: paths.map((path) => reader.nameOf(path)).join(", "),
      value: paths.map((path) => reader.shown(path)).join(", "),
      expected: `values that fit together: ${fitted.problem}`,
    });
    return RETRY_DEFAULTS;
  }
  if (fitted.schedule.minRetries < RETRY_DEFAULTS.minRetries) {
    warnings.push(
      `${reader.nameOf("retry.minRetries")} is ${fitted.schedule.minRetries}: the pod identity guidance asks for at least ` +
        `${RETRY_DEFAULTS.minRetries} retries, and calls may fail while an identity is still being assigned.`,
    );
  }
  return fitted.schedule;
}

function readExpectation(
  reader: OptionReader,
  defaults: CallerDefaults,
  warnings: string[],
): Expectation | undefined {
  const given = reader.given("expect");
  if (typeof given === "string" && given !== "environment" && given !== "none") {
    reader.problems.push({
      name: "expect",
      value: showValue(given),
      expected: 'an object of expected claims, "environment" or "none"',
    });
    return undefined;
  }
  const mode = typeof given === "string" ? given : defaults.expect;
  const sources = { environment: mode === "environment" };
  const before = reader.problems.length;
  const identifiers = (field: string): string | readonly string[] | undefined =>
    reader.read(`expect.${field}`, "identifiers", sources);
  const expect: ExpectOptions = {
    objectId: identifiers("objectId"),
    clientId: identifiers("clientId"),
    tenantId: identifiers("tenantId"),
    resourceId: identifiers("resourceId"),
    audience: reader.read("expect.audience", "audiences", sources),
    unreadable: reader.read("expect.unreadable", "unreadable", sources),
  };
  const { expectation, problems } = createExpectation(expect, (field) => reader.nameOf(`expect.${field}`));
  reader.problems.push(...problems);
  if (expectation === undefined && typeof given === "object" && reader.problems.length === before) {
    warnings.push("expect names no claim, so a token of any identity is accepted: set expect.objectId.");
  }
  return expectation;
}

function turnsGuardingOn(environment: EnvironmentValues): boolean {
  return OPTION_TABLE.some((row) => row.concernsTokens && variable(environment, row.variable) !== undefined);
}

function environmentWarnings(environment: EnvironmentValues): readonly string[] {
  const known = OPTION_TABLE.map((row) => row.variable);
  return Object.keys(environment)
    .filter((name) => name.startsWith(VARIABLE_PREFIX) && variable(environment, name) !== undefined)
    .sort()
    .flatMap((name) => {
      if (known.includes(name)) return [];
      const nearest = nearestName(name, known);
      const advice =
        nearest === undefined
          ? "see the list of variables in the documentation."
          : `the nearest known name is ${nearest}.`;
      return `${showName(name)} is not a known variable and has no effect; ${advice}`;
    });
}

/** What options say about a gate that is another one. */
function ineffectiveAddress(reader: OptionReader, gate: ResolvedOptions["gate"]): readonly string[] {
  return Object.entries({ nmi: ["nmi.url", "nmi.hostIp"], proxy: ["proxy.port"] }).flatMap(
    ([name, paths]) => {
      const given = paths.filter((path) => reader.given(path) !== undefined);
      if (given.length === 0 || gate === name || gate === "auto") return [];
      return `${given.join(" and ")} has no effect, since the gate is not ${name}: set gate to "${name}".`;
    },
  );
}

function configurationError(
  problems: readonly ConfigurationProblem[],
): IdentityGuardError<"ERR_GUARD_CONFIGURATION"> {
  const lines = problems.map(({ name, value, expected }) => `- ${name} is ${value}; expected ${expected}`);
  const head = `The identity guard cannot be configured; ${problems.length} to correct:`;
  return new IdentityGuardError("ERR_GUARD_CONFIGURATION", [head, ...lines].join("\n"), {
    problems: Object.freeze([...problems]),
  });
}
