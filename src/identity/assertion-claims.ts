import { decodeJwt } from "jose/jwt/decode";

/** What a service account token says of itself; claims that are absent, or no single line, are left out. No secrets. */
export interface AssertionClaims {
  readonly issuer?: string;
  /** `system:serviceaccount:<namespace>:<name>` in Kubernetes. */
  readonly subject?: string;
  readonly audience?: readonly string[];
  /** `exp`, in milliseconds since the Unix epoch; always finite. */
  readonly expiresAt?: number;
  /** `nbf`, likewise. */
  readonly notBefore?: number;
}

const ONE_LINE = /^[^\p{Cc}\p{Zl}\p{Zp}]{1,512}$/u;

/** Header, claims and signature, and nothing else. */
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/u;

/**
 * Reads a service account token without checking its signature, which is for Entra ID to check.
 *
 * @returns `undefined` where the text is no JWT
 */
export function readAssertion(text: string): AssertionClaims | undefined {
  // The decoder looks at the middle alone.
  if (!JWT.test(text)) return undefined;
  let claims: ReturnType<typeof decodeJwt>;
  try {
    claims = decodeJwt(text);
  } catch {
    return undefined; // the reason may quote the token
  }
  const { iss, sub, aud, exp, nbf } = claims;
  const given: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  const audience = given.filter(isLine);
  const [expiresAt, notBefore] = [milliseconds(exp), milliseconds(nbf)];
  return {
    ...(isLine(iss) ? { issuer: iss } : {}),
    ...(isLine(sub) ? { subject: sub } : {}),
    ...(audience.length === 0 ? {} : { audience }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(notBefore === undefined ? {} : { notBefore }),
  };
}

function milliseconds(seconds: unknown): number | undefined {
  const time = typeof seconds === "number" ? seconds * 1000 : Number.NaN;
  return Number.isFinite(time) ? time : undefined; // JSON may hold 1e400
}

function isLine(value: unknown): value is string {
  return typeof value === "string" && ONE_LINE.test(value);
}
