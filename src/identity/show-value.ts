import { redact } from "./redact-text.js";

/** `ConfigurationProblem.value` promises this. */
const MAX_LENGTH = 100;
const MAX_ITEMS = 5;

/** Addresses, scopes and resource IDs are all token characters; each of their segments is judged by itself. */
const PATH_LIKE = /^(?:[a-z][a-z\d+.-]{0,20}:\/\/|\/subscriptions\/)/iu;
const USER_INFO = /^([^/]*\/\/)[^/?#]*@/u;

/** Client secrets of Entra ID have 32 to 44 characters, which `redact` lets pass up to 40. */
const SECRET_LIKE = /[\w\-.~+=]{32,}/gu;
/** A GUID, or nearly one: the very value that is malformed, and no secret. */
const GUID_LIKE = /^[0-9a-f-]+$/iu;

/**
 * A configured value as a message may show it, in at most 100 characters: redacted, and more strictly than other
 * text, since a secret may have been put into the wrong variable. Of addresses, user name, password, query and
 * fragment are left out.
 */
export function showValue(value: unknown): string {
  const shown = Array.isArray(value)
    ? `[${value
        .slice(0, MAX_ITEMS)
        .map((item: unknown) => showOne(item))
        .join(", ")}${value.length > MAX_ITEMS ? ", ..." : ""}]`
    : showOne(value);
  return shown.length <= MAX_LENGTH ? shown : `${shown.slice(0, MAX_LENGTH - 1)}…`;
}

/** The name of an option or a variable as a message may show it. Those of variables are long, and look like no secret. */
export function showName(name: string): string {
  return /^[A-Z\d_]{1,100}$/u.test(name) ? name : showValue(name);
}

function showOne(value: unknown): string {
  switch (typeof value) {
    case "string":
      return value.trim() === "" ? '""' : showText(value.trim());
    case "undefined":
      return "(not set)";
    case "object":
      return value === null ? "null" : Array.isArray(value) ? "(a list)" : "(an object)";
    case "function":
      return "(a function)";
    case "number":
    case "bigint":
    case "boolean":
    case "symbol":
      return redact(String(value), MAX_LENGTH);
  }
}

function showText(text: string): string {
  const strict = (part: string): string =>
    redact(part).replace(SECRET_LIKE, (run) => (GUID_LIKE.test(run) ? run : "[redacted]"));
  if (!PATH_LIKE.test(text)) return strict(text);
  const [address = ""] = text.replace(USER_INFO, "$1(user)@").split(/[?#]/u, 1);
  return address.split("/").map(strict).join("/");
}
