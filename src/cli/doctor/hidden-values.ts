import { readEnvironment, type EnvironmentValues } from "../../config/environment.js";
import { showValue } from "../../identity/show-value.js";

/** Fewer characters of a secret are of no use, and may be in any word. */
const RUN = 12;

const PROXIES = /^(?:(?:https?|all|no)_proxy)$/iu;

/** Names of hosts are long as well; their parts are short, and in small letters. */
const HOST = /^(?:[a-z\d-]{1,31}\.)+[a-z\d-]{1,31}$/u;

/** Whether a part of a value looks like a secret, that may have been put into the wrong variable. */
function isSecretLike(part: string): boolean {
  return part.length >= RUN && showValue(part) !== part && !HOST.test(part);
}

/** Of addresses and paths each segment is judged by itself, of others the whole; of lists each item. */
function secretsIn(value: string): readonly string[] {
  const items = value.split(/[\s,;:@?#&|]+/u);
  const isPath = /^[\w.+-]*:?\//u.test(value.trim());
  return (isPath ? items.flatMap((item) => item.split("/")) : items).filter(isSecretLike);
}

/** A value as it may be shown: what looks like a secret is left out. */
export function showPart(value: string): string {
  return isSecretLike(value) ? "[redacted]" : value;
}

/**
 * A copy of `seen` in which no text has 12 characters in a row of what looks like a secret in the environment, in
 * whatever case: errors of Node.js and of the SDK repeat hosts, paths and names, and these come from variables.
 */
export function withoutSecrets<T>(seen: T, environment: EnvironmentValues): T {
  const used = Object.entries(environment).filter(([name]) => PROXIES.test(name));
  const values = [...Object.entries(readEnvironment(environment)), ...used].map(([, value]) => value ?? "");
  const secrets = new Set(values.flatMap(secretsIn));
  if (secrets.size === 0) return seen;
  const runs = new Set(
    [...secrets].flatMap((secret) =>
      Array.from({ length: secret.length - RUN + 1 }, (_, start) =>
        secret.slice(start, start + RUN).toLowerCase(),
      ),
    ),
  );
  return mapTexts(seen, (text) => hide(text, runs)) as T;
}

function mapTexts(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, mapTexts(each, change)]));
}

function hide(text: string, runs: ReadonlySet<string>): string {
  const lower = text.toLowerCase();
  let shown = "";
  let at = 0;
  while (at < text.length) {
    let end = at;
    // Runs overlap: the next one begins before this one ends.
    for (let next = at; next <= end; next += 1) if (runs.has(lower.slice(next, next + RUN))) end = next + RUN;
    shown += end === at ? (text[at] ?? "") : "[redacted]";
    at = Math.max(end, at + 1);
  }
  return shown;
}
