import { isIPv4 } from "node:net";
import { isAbsolute } from "node:path";
import { MAX_TIMER_MS } from "../clock.js";
import { parseDuration } from "./duration.js";
import { GATE_CHOICES, type GateChoice } from "./guard-options.js";
import type { Gate } from "../gate/gate.js";

/** What each kind of option is once it is read. */
export interface OptionValues {
  readonly gate: Gate | GateChoice;
  readonly healthUrl: string;
  readonly ipv4: string;
  readonly duration: number;
  readonly grace: number | "never";
  readonly count: number;
  readonly flag: boolean;
  readonly label: string;
  readonly scopes: readonly string[];
  /** Split only; `createExpectation` checks the values. */
  readonly identifiers: string | readonly string[];
  readonly audiences: Readonly<Record<string, string | readonly string[]>>;
  readonly unreadable: "reject" | "accept";
  readonly port: number;
  /** Of a server that is asked, and so never 0. */
  readonly targetPort: number;
  readonly host: string;
  readonly filePath: string;
}

export type OptionKind = keyof OptionValues;

/** How values of a kind are written and read. `undefined` means that the value is not accepted. */
export interface KindRules<T> {
  /** What a variable or a command line flag takes. */
  readonly form: string;
  /** What an option takes, where that differs. */
  readonly optionForm?: string;
  /** `text` is neither blank nor surrounded by white space. */
  fromText(text: string): T | undefined;
  /** `value` may be anything but `undefined`: callers may be JavaScript. */
  fromOption(value: unknown): T | undefined;
}

/** NaN fails both comparisons; Node.js fires timers above the limit at once. */
const ms = (value: unknown, least: number): number | undefined =>
  typeof value === "number" && value >= least && value <= MAX_TIMER_MS ? value : undefined;

const flags: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["false", false],
]);

/** Splits at commas; a comma at the end is no mistake, a list of nothing is. */
const split = (text: string, separator = ","): readonly string[] =>
  text
    .split(separator)
    .map((part) => part.trim())
    .filter((part) => part !== "");

const nonEmpty = (values: readonly string[]): readonly string[] | undefined =>
  values.length === 0 ? undefined : values;

function scopes(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  // Not `map`, which would pass over the holes of a sparse list.
  const given = Array.from(value, (scope: unknown) => (typeof scope === "string" ? scope.trim() : ""));
  return given.every((scope) => /^\S+$/u.test(scope)) ? Object.freeze([...new Set(given)]) : undefined;
}

function audiences(text: string): Readonly<Record<string, readonly string[]>> | undefined {
  const byScope = new Map<string, readonly string[]>();
  for (const part of split(text)) {
    const [scope = "", ...rest] = part.split("=");
    const accepted = split(rest.join("="), "|");
    if (scope.trim() === "" || accepted.length === 0) return undefined;
    byScope.set(scope.trim(), [...(byScope.get(scope.trim()) ?? []), ...accepted]);
  }
  return byScope.size === 0 ? undefined : Object.fromEntries(byScope);
}

/**
 * A whole URL, since a host alone would be asked at a port and a path that nobody chose. NMI speaks plain HTTP
 * (aad-pod-identity pkg/probes/probes.go); a user name or password would end up in messages.
 */
function healthUrl(value: unknown): string | undefined {
  if (typeof value !== "string" || !/^http:\/\/\S+$/iu.test(value.trim()) || !URL.canParse(value.trim())) {
    return undefined;
  }
  const url = new URL(value.trim());
  return url.username === "" && url.password === "" && url.pathname !== "/" && url.hash === ""
    ? url.href
    : undefined;
}

function gate(value: unknown): Gate | GateChoice | undefined {
  if (typeof value === "string") return GATE_CHOICES.find((choice) => choice === value);
  return isGate(value) ? value : undefined;
}

function isGate(value: unknown): value is Gate {
  if (typeof value !== "object" || value === null) return false;
  const { name, check } = value as { readonly name?: unknown; readonly check?: unknown };
  return typeof name === "string" && typeof check === "function";
}

function label(value: unknown): string | undefined {
  return typeof value === "string" && /^[^\p{Cc}\p{Zl}\p{Zp}]{1,100}$/u.test(value.trim())
    ? value.trim()
    : undefined;
}

const ipv4 = (value: unknown): string | undefined =>
  typeof value === "string" && isIPv4(value.trim()) ? value.trim() : undefined;

const unreadable = (value: unknown): "reject" | "accept" | undefined =>
  value === "reject" || value === "accept" ? value : undefined;

const port = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 65_535 ? value : undefined;

const host = (value: unknown): string | undefined =>
  typeof value === "string" && /^[\w.:%-]{1,255}$/u.test(value.trim()) ? value.trim() : undefined;

/** Absolute, since a process may change its folder, and a probe starts in another one. */
const filePath = (value: unknown): string | undefined =>
  typeof value === "string" && isAbsolute(value) && !/\p{Cc}|\/$/u.test(value) ? value : undefined;

const GATE_NAMES = GATE_CHOICES.join(", ");
const DURATION_FORM = "a duration with a unit, such as 80s, 800ms or 1m20s, of at most 596h";

export const OPTION_KINDS: { readonly [K in OptionKind]: KindRules<OptionValues[K]> } = {
  gate: {
    form: `one of ${GATE_NAMES}`,
    optionForm: `one of ${GATE_NAMES}, or a gate with a name and a check function`,
    fromText: (text) => GATE_CHOICES.find((choice) => choice === text.toLowerCase()),
    fromOption: gate,
  },
  healthUrl: {
    form: "a whole http: URL with host and path, such as http://10.240.0.4:8085/healthz",
    fromText: healthUrl,
    fromOption: healthUrl,
  },
  ipv4: {
    form: "the node's IPv4 address, such as 10.240.0.4, without a port",
    fromText: ipv4,
    fromOption: ipv4,
  },
  duration: {
    form: `${DURATION_FORM}, and at least 1ms`,
    optionForm: "milliseconds, as a number from 1 to 2147483647",
    fromText: (text) => ms(parseDuration(text), 1),
    fromOption: (value) => ms(value, 1),
  },
  grace: {
    form: `${DURATION_FORM}, or never`,
    optionForm: 'milliseconds, as a number from 0 to 2147483647, or "never"',
    fromText: (text) => (text.toLowerCase() === "never" ? "never" : ms(parseDuration(text), 0)),
    fromOption: (value) => (value === "never" ? value : ms(value, 0)),
  },
  count: {
    form: "a whole number, 0 or more",
    optionForm: "a whole number, 0 or more, as a number",
    fromText: (text) => (/^\d{1,6}$/u.test(text) ? Number(text) : undefined),
    fromOption: (value) =>
      typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined,
  },
  flag: {
    form: "true or false",
    optionForm: "true or false, as a boolean",
    fromText: (text) => flags.get(text.toLowerCase()),
    fromOption: (value) => (typeof value === "boolean" ? value : undefined),
  },
  label: { form: "1 to 100 characters on one line", fromText: label, fromOption: label },
  scopes: {
    form: "scopes, separated by commas, such as https://vault.azure.net/.default",
    optionForm: 'a list of scopes, such as ["https://vault.azure.net/.default"]',
    fromText: (text) => scopes(nonEmpty(split(text))),
    fromOption: scopes,
  },
  identifiers: {
    form: "one value or several, separated by commas",
    optionForm: "a text, or a list of texts",
    fromText: (text) => nonEmpty(split(text)),
    fromOption: (value) => value as string | readonly string[], // createExpectation checks
  },
  audiences: {
    form: "scope=audience|audience,scope=audience, such as https://vault.azure.net/.default=https://vault.azure.net",
    optionForm: "an object of audiences by scope",
    fromText: audiences,
    fromOption: (value) => value as OptionValues["audiences"], // createExpectation checks
  },
  unreadable: {
    form: "reject or accept",
    fromText: (text) => unreadable(text.toLowerCase()),
    fromOption: unreadable,
  },
  port: {
    form: "a port, 0 to 65535, where 0 is any free one",
    optionForm: "a port, as a number from 0 to 65535",
    fromText: (text) => (/^\d{1,5}$/u.test(text) ? port(Number(text)) : undefined),
    fromOption: port,
  },
  targetPort: {
    form: "a port, 1 to 65535",
    optionForm: "a port, as a number from 1 to 65535",
    fromText: (text) => (/^[1-9]\d{0,4}$/u.test(text) ? port(Number(text)) : undefined),
    fromOption: (value) => (value === 0 ? undefined : port(value)),
  },
  host: { form: "an address or a host name to listen on, such as 0.0.0.0", fromText: host, fromOption: host },
  filePath: {
    form: "an absolute path of a file, such as /tmp/identity-ready",
    fromText: filePath,
    fromOption: filePath,
  },
};
