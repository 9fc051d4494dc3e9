/** What a token endpoint answered with a 2xx, as far as the library uses it. */
export interface TokenResponse {
  readonly token: string;
  /** Milliseconds since the Unix epoch. */
  readonly expiresOnTimestamp: number;
  /** Milliseconds since the Unix epoch, where the endpoint says when to ask again. */
  readonly refreshAfterTimestamp?: number;
}

/** End of the year 9999: what lies beyond is no time of expiry, but another unit. */
const LAST_SECOND = 253_402_300_799;

/** The JSON value of `text`; `undefined` where it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}

/**
 * Reads a token response; `undefined` where `body` is none, or says nothing about expiry. IMDS and NMI send numbers as
 * strings, the migration proxy sends some of them as numbers. For a service principal with auxiliary tenants NMI
 * sends an array, the primary tenant first (aad-pod-identity pkg/nmi/server/server.go). `now` is milliseconds since
 * the Unix epoch.
 */
export function readTokenResponse(body: unknown, now: number): TokenResponse | undefined {
  const fields = fieldsOf(firstOf(body));
  const token = fields.get("access_token");
  const expiresOnTimestamp = expiry(fields, now);
  if (typeof token !== "string" || token === "" || expiresOnTimestamp === undefined) return undefined;
  const refreshInS = seconds(fields.get("refresh_in"));
  return {
    token,
    expiresOnTimestamp,
    ...(refreshInS === undefined ? {} : { refreshAfterTimestamp: now + refreshInS * 1000 }),
  };
}

/** The `string` fields of a JSON object, for `error` and `error_description`. */
export function stringField(body: unknown, name: string): string | undefined {
  const value = fieldsOf(body).get(name);
  return typeof value === "string" ? value : undefined;
}

function firstOf(body: unknown): unknown {
  if (!Array.isArray(body)) return body;
  const elements: readonly unknown[] = body;
  return elements[0];
}

function fieldsOf(body: unknown): ReadonlyMap<string, unknown> {
  return new Map<string, unknown>(typeof body === "object" && body !== null ? Object.entries(body) : []);
}

function expiry(fields: ReadonlyMap<string, unknown>, now: number): number | undefined {
  const expiresOnS = seconds(fields.get("expires_on"));
  if (expiresOnS !== undefined) return expiresOnS * 1000;
  const expiresInS = seconds(fields.get("expires_in"));
  return expiresInS === undefined ? undefined : now + expiresInS * 1000;
}

/** A positive number of seconds, or its decimal digits. */
function seconds(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d{1,12}$/u.test(value.trim()) ? Number(value) : value;
  return typeof number === "number" && number > 0 && number <= LAST_SECOND ? number : undefined;
}
