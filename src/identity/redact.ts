import { redact } from "./redact-text.js";

export { redact };

/** Causes below the error itself; a chain that is deeper ends there. */
const MAX_DEPTH = 5;
/** Members of one `AggregateError`. */
const MAX_MEMBERS = 10;
/** Errors copied in all, since members may have members. */
const MAX_ERRORS = 50;
const MAX_FRAMES = 20;
const MAX_NAME_LENGTH = 100;

/** The only properties that are copied: short facts by which a failure is classified. */
const FACTS: readonly string[] = ["code", "statusCode", "errorCode"];

/** How V8 ends the line of a stack frame; nothing else is taken from a stack. */
const FRAME_END = /:\d{1,9}:\d{1,9}\)?$/u;

interface Progress {
  /** The errors above this one, so that a cycle ends. */
  readonly above: readonly unknown[];
  /** Shared by the whole copy. */
  readonly left: { errors: number };
}

/**
 * A copy of anything thrown that is fit to be the `cause` of an error: name, message and stack redacted; `code`,
 * `statusCode` and `errorCode` where they are text (redacted) or numbers; causes to a depth of 5, and up to 10
 * members of an `AggregateError`. Nothing else is copied, and so no request or response, which would hold tokens.
 * Never throws: cycles end, and an object that throws when it is looked at is said to be one.
 */
export function redactError(error: unknown): Error {
  return copyError(error, { above: [], left: { errors: MAX_ERRORS } });
}

function copyError(error: unknown, progress: Progress): Error {
  progress.left.errors -= 1;
  const below: Progress = { above: [...progress.above, error], left: progress.left };
  const message = describe(error);
  const givenName = read(error, "name");
  const name =
    typeof givenName === "string" && givenName !== "" ? redact(givenName, MAX_NAME_LENGTH) : "Error";

  const cause = read(error, "cause");
  const options =
    cause === undefined || !mayGoOn(cause, below) ? undefined : { cause: copyError(cause, below) };
  const members = membersOf(error);
  const copy =
    members === undefined
      ? new Error(message, options)
      : new AggregateError(copyAll(members, below), message, options);

  define(copy, "name", name);
  define(copy, "stack", [message === "" ? name : `${name}: ${message}`, ...framesOf(error)].join("\n"));
  for (const key of FACTS) {
    const value = read(error, key);
    if (typeof value === "string") define(copy, key, redact(value, MAX_NAME_LENGTH), true);
    else if (typeof value === "number") define(copy, key, value, true);
  }
  return copy;
}

function mayGoOn(error: unknown, { above, left }: Progress): boolean {
  return above.length <= MAX_DEPTH && left.errors > 0 && !above.includes(error);
}

function copyAll(members: readonly unknown[], below: Progress): Error[] {
  const copies: Error[] = [];
  for (const member of members) {
    if (mayGoOn(member, below)) copies.push(copyError(member, below));
  }
  return copies;
}

function describe(error: unknown): string {
  if (typeof error === "string") return redact(error);
  if (typeof error === "object" && error !== null) {
    const message = read(error, "message");
    return typeof message === "string" ? redact(message) : "An object without a message was thrown.";
  }
  return typeof error === "function" ? "A function was thrown." : redact(`Thrown: ${String(error)}`);
}

/** Getters and proxies belong to whoever threw; what they throw in turn is of no interest. */
function read(value: unknown, key: string): unknown {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined;
  try {
    return Reflect.get(value, key);
  } catch {
    return undefined;
  }
}

/** Member by member, each guarded: the list may be a proxy as well. */
function membersOf(error: unknown): readonly unknown[] | undefined {
  const errors = read(error, "errors");
  const length = read(errors, "length");
  if (typeof errors !== "object" || typeof length !== "number" || !(length >= 0)) return undefined;
  return Array.from({ length: Math.min(length, MAX_MEMBERS) }, (_, index) => read(errors, String(index)));
}

/** The frames alone: the head of a stack repeats a message, which may have changed since, or has several lines. */
function framesOf(error: unknown): readonly string[] {
  const stack = read(error, "stack");
  if (typeof stack !== "string") return [];
  return stack
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.startsWith("at ") && FRAME_END.test(line))
    .slice(0, MAX_FRAMES)
    .map((line) => `    ${redact(shortenPath(line))}`);
}

/** Keeps the last folder and the file. A whole path looks like a long run of token characters, and would be lost. */
function shortenPath(frame: string): string {
  const start = Math.max(frame.lastIndexOf("("), frame.lastIndexOf(" ")) + 1;
  const path = frame.slice(start).split(/[/\\]/u);
  return path.length > 2 ? frame.slice(0, start) + path.slice(-2).join("/") : frame;
}

function define(target: Error, key: string, value: string | number, enumerable = false): void {
  Object.defineProperty(target, key, { value, enumerable, configurable: true, writable: true });
}
