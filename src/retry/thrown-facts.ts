import { embeddedStatusIn, entraCodesIn, type FailureFacts } from "./failure-facts.js";
import type { Provenance } from "./attempt-failure.js";

/** A thrown value, and what it was caused by, as plain data. */
export interface ThrownFacts extends FailureFacts {
  /** Names of the error and of what caused it, from the outside in, without the members of aggregates. */
  readonly names: readonly string[];
  /** Error codes of Node.js and MSAL, in upper case. */
  readonly codes: ReadonlySet<string>;
  /** Every object of the chain, for those that know its members by identity. */
  readonly chain: readonly unknown[];
}

/** Bounds the walk: chains may be cyclic, and aggregates wide. */
const MAX_NODES = 40;

const MAX_TEXT = 4096;

const TEXT_FIELDS: readonly string[] = ["message", "errorMessage", "errorDescription", "error_description"];

const CODE_FIELDS: readonly string[] = ["code", "errorCode", "error"];

const STATUS_FIELDS: readonly string[] = ["statusCode", "status", "code"];

/** `Status code: 404`: AuthenticationError of `@azure/identity`, and what 4.14 makes of a body that is no JSON. */
const STATUS_IN_TEXT = /status code:\s*(\d{3})/u;

/**
 * EnvironmentCredential says 400 of each failure of the credential inside it, also where no answer came
 * (@azure/identity environmentCredential.ts).
 */
const INVENTED_STATUS = /environmentcredential authentication failed[^\n]*? status code: 400/gu;

/**
 * `invalid_client: Error(s): 700213 - ...` and `network_error: See https://aka.ms/msal...`: the messages of MSAL, which is
 * all that `@azure/identity` leaves of them where it makes an AuthenticationRequiredError of any failure (msal/utils.ts,
 * handleMsalError; measured with 4.13.1).
 */
const MSAL_CODE =
  /(?:^|\n|message |details: )([a-z]+(?:_[a-z]+)+): (?:error\(s\):|see https:\/\/aka\.ms\/msal)/gu;

interface ServerPattern {
  readonly pattern: RegExp;
  readonly provenance: Provenance;
}

/** `@azure/identity` 4.14 puts the header fields of an answer into the message. */
const SERVERS_IN_TEXT: readonly ServerPattern[] = [
  { pattern: /"server"\s*:\s*\[?"imds\//u, provenance: "imds" },
  { pattern: /"server"\s*:\s*\[?"azure-workload-identity\/proxy\//u, provenance: "proxy" },
];

/** Reads an error of any origin. Getters and proxies that throw, cycles and values that are no errors do no harm. */
export function thrownFacts(error: unknown): ThrownFacts {
  const { nodes, spine } = walk(error);
  const detailed = nodes.flatMap((node) => [node, read(node, "errorResponse"), read(node, "response")]);
  const strings = (fields: readonly string[]): readonly string[] =>
    detailed.flatMap((node) => fields.flatMap((field) => text(read(node, field))));
  const whole = [...strings(TEXT_FIELDS), ...text(error)].join("\n");
  const lower = whole.toLowerCase();
  const codes = [
    ...strings(CODE_FIELDS),
    ...[...lower.matchAll(MSAL_CODE)].flatMap(([, code]) => code ?? []),
  ];
  const numbers = detailed.flatMap((node) => [...list(read(node, "errorCodes")), read(node, "errorNo")]);
  return {
    status: statusOf(detailed) ?? statusIn(lower),
    provenance: SERVERS_IN_TEXT.find(({ pattern }) => pattern.test(lower))?.provenance ?? "unknown",
    embeddedStatus: embeddedStatusIn(lower),
    retryAfter: false,
    text: lower,
    errors: new Set(codes.map((code) => code.toLowerCase())),
    entraCodes: [...numbers.flatMap(entraCode), ...entraCodesIn(whole)],
    names: spine.flatMap((node) => text(read(node, "name"))),
    codes: new Set(codes.map((code) => code.toUpperCase())),
    chain: nodes,
  };
}

/** The error and its causes (`spine`), and these with all members of aggregates (`nodes`), each once. */
function walk(error: unknown): { nodes: readonly unknown[]; spine: readonly unknown[] } {
  const seen = new Set<unknown>();
  const spine: unknown[] = [];
  const queue: { readonly node: unknown; readonly onSpine: boolean }[] = [{ node: error, onSpine: true }];
  for (let next = queue.shift(); next !== undefined && seen.size < MAX_NODES; next = queue.shift()) {
    const { node, onSpine } = next;
    if (typeof node !== "object" || node === null || seen.has(node)) continue;
    seen.add(node);
    if (onSpine) spine.push(node);
    queue.push({ node: read(node, "cause"), onSpine });
    for (const member of list(read(node, "errors"))) queue.push({ node: member, onSpine: false });
  }
  return { nodes: [...seen], spine };
}

function read(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  try {
    const found: unknown = Reflect.get(value, key);
    return found;
  } catch {
    return undefined;
  }
}

function list(value: unknown): readonly unknown[] {
  try {
    const members: readonly unknown[] = Array.isArray(value) ? value : [];
    return members.slice(0, MAX_NODES);
  } catch {
    return [];
  }
}

/** None or one, for `flatMap`. */
function text(value: unknown): readonly string[] {
  return typeof value === "string" ? [value.slice(0, MAX_TEXT)] : [];
}

function entraCode(value: unknown): readonly string[] {
  const digits = typeof value === "number" || typeof value === "string" ? String(value) : "";
  return /^\d{4,8}$/u.test(digits) ? [digits] : [];
}

function statusOf(nodes: readonly unknown[]): number | undefined {
  return nodes
    .filter((node) => !invents(node))
    .flatMap((node) => STATUS_FIELDS.map((field) => read(node, field)))
    .find(isStatus);
}

/** Whether the status that an error has is no answer's. */
function invents(node: unknown): boolean {
  return text(read(node, "message")).some((message) => message.toLowerCase().search(INVENTED_STATUS) === 0);
}

function isStatus(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 100 && Number(value) <= 599;
}

function statusIn(lowerCaseText: string): number | undefined {
  const digits = STATUS_IN_TEXT.exec(lowerCaseText.replaceAll(INVENTED_STATUS, ""))?.[1];
  return digits === undefined ? undefined : Number(digits);
}
