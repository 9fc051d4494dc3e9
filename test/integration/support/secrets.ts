/** Header and first letters of the payload of any JWT. */
const JWT = /eyJ[\w-]{8,}\.eyJ[\w-]{8,}/u;

/**
 * What of `tokens` shows in `text`, described without repeating it. Any text of the shape of a JWT counts, so that
 * tokens that were refused before anybody saw them are found as well.
 */
export function secretsIn(text: string, tokens: Iterable<string>): readonly string[] {
  const found = JWT.test(text) ? ["something of the shape of a JWT"] : [];
  for (const token of new Set(tokens)) {
    if (text.includes(token)) found.push("a token");
    const [, payload, signature] = token.split(".");
    if (payload !== undefined && text.includes(payload)) found.push("the claims of a token");
    if (signature !== undefined && signature !== "" && text.includes(signature)) {
      found.push("the signature of a token");
    }
  }
  return found;
}
