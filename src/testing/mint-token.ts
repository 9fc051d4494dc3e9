import { randomBytes } from "node:crypto";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import type { CryptoKey, JSONWebKeySet } from "jose";
import { settledByClocks } from "./manual-clock.js";
import { guidOf, SIMULATED_TENANT_ID } from "./simulated-identity.js";

/**
 * Claims of an access token. Times are Unix seconds.
 *
 * @public
 */
export interface TokenClaims {
  readonly [claim: string]: unknown;
  readonly aud: string;
  readonly iss: string;
  readonly oid: string;
  readonly sub: string;
  readonly tid: string;
  readonly ver: string;
  readonly iat: number;
  readonly nbf: number;
  readonly exp: number;
  /** Client ID in a v1.0 token. */
  readonly appid: string;
  /** Client ID in a v2.0 token. */
  readonly azp: string;
  readonly idtyp: string;
  /** ARM ID of the managed identity. */
  readonly xms_mirid: string;
}

/** @public */
export interface MintOptions {
  /** Which claim set to complete. The resource, not the endpoint, decides it in Azure. Default `1.0`. */
  readonly version?: "1.0" | "2.0" | undefined;
  /** `signed`: RS256 by the keys of {@link publishedKeys}; `unsigned`: `alg` is `none`; `opaque`: no JWT at all. Default `signed`. */
  readonly format?: "signed" | "unsigned" | "opaque" | undefined;
  /** Time of issue in milliseconds since the Unix epoch. Default: now. */
  readonly now?: number | undefined;
  /** Milliseconds from issue to expiry; ignored where `exp` is given. Default 24 h, the life of a managed identity's token. */
  readonly lifetimeMs?: number | undefined;
}

const DAY_MS = 86_400_000;
/** Entra ID dates tokens back, so that a client whose clock is behind takes them. */
const BACKDATED_SECONDS = 300;

interface Signer {
  readonly key: CryptoKey;
  readonly kid: string;
  readonly jwks: JSONWebKeySet;
}

let signer: Promise<Signer> | undefined;

/** One key for the process: making one takes a tenth of a second, and all simulators of a process may share it. */
async function processSigner(): Promise<Signer> {
  signer ??= (async () => {
    const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
    const jwk = await exportJWK(publicKey);
    const kid = await calculateJwkThumbprint(jwk);
    return { key: privateKey, kid, jwks: { keys: [{ ...jwk, kid, alg: "RS256", use: "sig" }] } };
  })();
  return await settledByClocks(signer);
}

/**
 * The public half of the key that {@link mintToken} signs with, the same for the life of the process.
 *
 * @public
 */
export async function publishedKeys(): Promise<JSONWebKeySet> {
  return (await processSigner()).jwks;
}

/** Claim sets as in "Access token claims reference" of the Microsoft identity platform's documentation. */
function completeClaims(claims: Partial<TokenClaims>, options: MintOptions): Partial<TokenClaims> {
  const version = options.version ?? claims.ver ?? "1.0";
  const issuedAt = Math.floor((options.now ?? Date.now()) / 1000);
  const tid = claims.tid ?? SIMULATED_TENANT_ID;
  const oid = claims.oid ?? guidOf("object token");
  const { appid, azp, ...others } = claims;
  const clientId = azp ?? appid ?? guidOf("client token");
  const byVersion =
    version === "2.0"
      ? { iss: `https://login.microsoftonline.com/${tid}/v2.0`, azp: clientId, azpacr: "2" }
      : { iss: `https://sts.windows.net/${tid}/`, appid: clientId, appidacr: "2" };
  return {
    aud: version === "2.0" ? guidOf("audience") : "https://management.azure.com/",
    iat: issuedAt - BACKDATED_SECONDS,
    nbf: issuedAt - BACKDATED_SECONDS,
    exp: issuedAt + Math.floor((options.lifetimeMs ?? DAY_MS) / 1000),
    idtyp: "app",
    oid,
    sub: oid,
    tid,
    // Unique, so that two tokens of one second differ.
    uti: randomBytes(16).toString("base64url"),
    ver: version,
    ...byVersion,
    ...others,
  };
}

/**
 * Makes an access token with the claims that Entra ID puts into one for a managed identity, `claims` taking
 * precedence. A claim given as `undefined` is left out. Never accepted by Azure.
 *
 * @public
 */
export async function mintToken(
  claims: Partial<TokenClaims> = {},
  options: MintOptions = {},
): Promise<string> {
  if (options.format === "opaque") return randomBytes(180).toString("base64url");
  const payload = completeClaims(claims, options);
  if (options.format === "unsigned") return new UnsecuredJWT(payload).encode();
  const { key, kid } = await processSigner();
  const header = { alg: "RS256", typ: "JWT", kid, x5t: kid };
  return await settledByClocks(new SignJWT(payload).setProtectedHeader(header).sign(key));
}
