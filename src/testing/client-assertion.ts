import { decodeJwt, decodeProtectedHeader } from "jose";
import type { JWTPayload } from "jose";
import type { ClusterIssuer } from "./cluster-issuer.js";
import type { EntraRefusal } from "./entra-error.js";
import type { AssertionClaims, FederatedCredentials } from "./federated-credentials.js";

/** What an assertion is held against. */
export interface AssertionContext {
  readonly clientId: string;
  readonly replica: number;
  readonly credentials: FederatedCredentials;
  readonly cluster: ClusterIssuer;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

interface Decoded extends AssertionClaims {
  readonly key: string;
  readonly payload: JWTPayload;
}

function decode(assertion: string): Decoded | undefined {
  try {
    const payload = decodeJwt(assertion);
    const { iss, sub, aud } = payload;
    if (iss === undefined || sub === undefined || aud === undefined || payload.exp === undefined) {
      return undefined;
    }
    const audiences = typeof aud === "string" ? [aud] : aud;
    return {
      issuer: iss,
      subject: sub,
      audiences,
      payload,
      key: decodeProtectedHeader(assertion).kid ?? "",
    };
  } catch {
    return undefined;
  }
}

/**
 * Why Entra ID refuses a service account token as the assertion of an application; `undefined` where it accepts it. Times
 * are held exactly: what tolerance Entra ID has is not documented.
 */
export async function refuseAssertion(
  assertion: string,
  { clientId, replica, credentials, cluster, now }: AssertionContext,
): Promise<EntraRefusal | undefined> {
  const decoded = decode(assertion);
  if (decoded === undefined) return { code: "AADSTS50027", details: {} };
  const mismatch = credentials.mismatch(clientId, decoded, replica);
  if (mismatch !== undefined) return mismatch;
  const { issuer, key, payload } = decoded;
  // Entra ID asks the issuer for its keys; only the cluster's is there to be asked.
  if (!cluster.reachable || issuer !== cluster.url) return { code: "AADSTS90061", details: {} };
  const problem = await cluster.check(assertion);
  if (problem === "unknown-key") return { code: "AADSTS7000272", details: { key, issuer } };
  if (problem === "wrong-signature") return { code: "AADSTS700027", details: { key } };
  const validFrom = (payload.nbf ?? 0) * 1000;
  const validTo = (payload.exp ?? 0) * 1000;
  if (now >= validFrom && now < validTo) return undefined;
  return { code: "AADSTS700024", details: { now, validFrom, validTo } };
}
