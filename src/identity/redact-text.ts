/** Stands where text was removed. Its brackets are no token characters, so what is around it never grows together. */
const REDACTED = "[redacted]";

/** Characters of text quoted in messages, unless the caller says otherwise. */
const DEFAULT_LIMIT = 512;

/**
 * Names whose values are secrets, up to where the value begins: in JSON (also JSON inside a JSON string, where the
 * quotes are escaped), forms, queries, headers and dumps of objects. `assertion` covers `client_assertion`, and
 * not `client_assertion_type`, which is public. `identity-header` is the secret that App Service hands out.
 */
const SECRET_NAME =
  /(?:access[_-]?token|refresh[_-]?token|id[_-]?token|assertion|client[_-]?secret|password|identity[_-]header)(?:\\*["'`]|%22)? ?(?:=>|[:=]|%3A|%3D)[ [({]*/giu;

const OPENING_QUOTE = /\\*["'`]|%22/uy;
const END_OF_BARE_VALUE = /[ &"<]/gu;

const AUTHORIZATION = /\b(Bearer|Basic) [\w\-.~+/=]{16,}/giu;

/**
 * More than 40 token characters in a row. Escapes of URLs and of JSON count as one each, so that `%2B` or `\u002B`
 * does not hide what is a long run.
 */
const LONG_RUN = /(?:[\w\-.~+/=]|%[0-9a-f]{2}|\\u00[0-9a-f]{2}|\\\/){41,}/giu;

/** `ey` and `ew` are how base64url writes `{"` and `{` followed by white space, with which header and payload begin. */
const JWT_SHAPE = /e[yw][\w-]{3,}(?:\.[\w-]*)+/gu;

/** Control and format characters (bidirectional overrides, zero width), separators, unpaired surrogates, spaces. */
const UNPRINTABLE_OR_SPACE = /[\p{Cc}\p{Cf}\p{Cs}\p{Z}]+/gu;

/**
 * Makes foreign text fit for an error or a log: without the values of secret fields, JWTs and runs of more than
 * 40 token characters; on one line; at most `limit` characters (default 512). It redacts before it cuts, since
 * half a token is not recognised as one. Takes time linear in the length of `text`.
 */
export function redact(text: string, limit: number = DEFAULT_LIMIT): string {
  const line = text.replace(UNPRINTABLE_OR_SPACE, " ").trim();
  // The order is what keeps this linear: once no long run is left, JWT_SHAPE has little to look back over.
  const safe = redactSecretFields(line)
    .replace(AUTHORIZATION, `$1 ${REDACTED}`)
    .replace(LONG_RUN, REDACTED)
    .replace(JWT_SHAPE, REDACTED);
  return cut(safe, limit);
}

function redactSecretFields(text: string): string {
  let safe = "";
  let copied = 0;
  for (const match of text.matchAll(SECRET_NAME)) {
    if (match.index < copied) continue; // part of a value that is gone already
    const valueAt = match.index + match[0].length;
    safe += text.slice(copied, valueAt) + REDACTED;
    copied = endOfValue(text, valueAt);
  }
  return safe + text.slice(copied);
}

/** Where in doubt the value is taken to be longer: a value cut off by the sender lasts to the end of the text. */
function endOfValue(text: string, start: number): number {
  OPENING_QUOTE.lastIndex = start;
  const opening = OPENING_QUOTE.exec(text)?.[0];
  if (opening === undefined) {
    END_OF_BARE_VALUE.lastIndex = start;
    return END_OF_BARE_VALUE.exec(text)?.index ?? text.length;
  }
  const quote = opening === "%22" ? opening : opening.slice(-1);
  const depth = opening.length - quote.length;
  let from = start + opening.length;
  for (;;) {
    const at = text.indexOf(quote, from);
    if (at === -1) return text.length;
    // A quote with more backslashes before it than the opening one belongs to the value.
    let backslashes = 0;
    while (backslashes <= depth && at - backslashes > from && text[at - backslashes - 1] === "\\")
      backslashes += 1;
    if (backslashes <= depth) return at + quote.length;
    from = at + quote.length;
  }
}

function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  if (!(limit >= 1)) return "";
  // `toWellFormed` would be Node.js 20 too, but leaves a replacement character where half a pair was.
  return `${text.slice(0, Math.trunc(limit) - 1).replace(/[\uD800-\uDBFF]$/u, "")}…`;
}
