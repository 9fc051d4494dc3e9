import { decodeJwt } from "jose/jwt/decode";

/**
 * Whom a token names: the claims that identify, and never the token. A claim that the token lacks is absent.
 *
 * @public
 */
export interface TokenIdentity {
  /** `oid`: the principal. Of a managed identity its principal ID, not its client ID. */
  readonly objectId?: string;
  /** `appid` of a version 1.0 token, `azp` of a version 2.0 token. */
  readonly clientId?: string;
  /** `tid`. */
  readonly tenantId?: string;
  /** `xms_mirid`: the Azure resource ID of the managed identity. Undocumented, and not in every token. */
  readonly resourceId?: string;
  /** `aud`. */
  readonly audience?: readonly string[];
  /** `ver`: `1.0` or `2.0`, which the resource decides. */
  readonly version?: string;
}

/** What can be read of a token without trusting it. */
export interface ReadClaims {
  readonly identity: TokenIdentity;
  /** `exp`, in milliseconds since the Unix epoch; always finite. */
  readonly expiresAt?: number;
  /** `nbf`, in milliseconds since the Unix epoch; always finite. */
  readonly notBefore?: number;
}

/** Identifiers are shown in messages: a claim that is longer than any resource ID, or no single line, is no identifier. */
const IDENTIFIER = /^[^\p{Cc}\p{Zl}\p{Zp}]{1,1024}$/u;

/**
 * Decodes a token. The signature is not verified: tokens for Microsoft's APIs cannot be verified by others, and the
 * threat is an answer from the wrong place, not a forged one. Claims that are not of the type that Entra ID
 * documents are ignored (https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference).
 *
 * @returns `undefined` where the token is not a readable JWT, which access tokens need not be
 */
export function readClaims(token: string): ReadClaims | undefined {
  let claims: Readonly<Record<string, unknown>>;
  try {
    claims = decodeJwt(token);
  } catch {
    return undefined; // the reason may quote the token
  }
  const text = (name: string): string | undefined => {
    const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
    return typeof value === "string" && IDENTIFIER.test(value) ? value : undefined;
  };
  const version = text("ver");
  const identity: TokenIdentity = {
    ...field("objectId", text("oid")),
    ...field("clientId", version === "2.0" ? (text("azp") ?? text("appid")) : (text("appid") ?? text("azp"))),
    ...field("tenantId", text("tid")),
    ...field("resourceId", text("xms_mirid")),
    ...field("audience", audienceOf(claims["aud"])),
    ...field("version", version),
  };
  return Object.freeze({
    identity: Object.freeze(identity),
    ...field("expiresAt", timestampOf(claims["exp"])),
    ...field("notBefore", timestampOf(claims["nbf"])),
  });
}

function audienceOf(value: unknown): readonly string[] | undefined {
  const given: readonly unknown[] = Array.isArray(value) ? value : [value];
  const audience = given.filter((entry) => typeof entry === "string" && IDENTIFIER.test(entry));
  return audience.length === 0 ? undefined : Object.freeze(audience as string[]);
}

/** JSON has no NaN, but `1e400` is read as infinity. */
function timestampOf(seconds: unknown): number | undefined {
  if (typeof seconds !== "number") return undefined;
  const ms = seconds * 1000;
  return Number.isFinite(ms) ? ms : undefined;
}

/** With `exactOptionalPropertyTypes` a field that is unset must be absent. */
function field<K extends string, V>(name: K, value: V | undefined): { readonly [key in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [key in K]: V }); // a computed key loses its type
}
