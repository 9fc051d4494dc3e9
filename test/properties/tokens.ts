/** Object IDs of the identity that is expected, and of one that is not. */
export const RIGHT = "11111111-1111-4111-8111-111111111111";
export const WRONG = "22222222-2222-4222-8222-222222222222";

/** In every part of every token that tests issue. Nothing else contains it, so that one search finds any leak. */
const MARK = "sEcReT";

/** Whatever of a token may have been let out: a piece of a signature, or how a JWT begins. */
export const LEAK: RegExp = /sEcReT|eyJhbGci|eyJvaWQi/u;

const segment = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

const HEADER = segment({ alg: "RS256", typ: "JWT" });

/** A token with a signature that is none: clients cannot verify it. `expiresOn` is in milliseconds since the epoch. */
export function jwt(oid: string, expiresOn: number, serial: number): string {
  const signature = `${MARK}-${String(serial).padStart(12, "0")}-${MARK}-${"x".repeat(20)}-${MARK}`;
  return `${HEADER}.${segment({ oid, exp: Math.floor(expiresOn / 1000), uti: `${MARK}${serial}` })}.${signature}`;
}

/** A token that nobody but its issuer can read. */
export function opaque(serial: number): string {
  return `${MARK}_${String(serial).padStart(12, "0")}_${MARK}_${"o".repeat(30)}_${MARK}`;
}
