import {
  calculateJwkThumbprint,
  compactVerify,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  SignJWT,
} from "jose";
import type { CryptoKey, JWTPayload } from "jose";
import { settledByClocks } from "./manual-clock.js";
import { guidOf, SIMULATED_TENANT_ID } from "./simulated-identity.js";

interface Keys {
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly kid: string;
}

let keys: Promise<Keys> | undefined;

/** One pair for the process, as in mint-token.ts. RS256 is the only algorithm that Entra ID takes for federation. */
async function processKeys(): Promise<Keys> {
  keys ??= (async () => {
    const { privateKey, publicKey } = await generateKeyPair("RS256");
    return { privateKey, publicKey, kid: await calculateJwkThumbprint(await exportJWK(publicKey)) };
  })();
  return await settledByClocks(keys);
}

/** As AKS makes them: with a slash at the end, which is part of the name. */
const DEFAULT_URL = `https://westeurope.oic.prod-aks.azure.com/${SIMULATED_TENANT_ID}/${guidOf("cluster")}/`;

/**
 * The OIDC issuer of a cluster, which signs the tokens of its service accounts.
 *
 * @public
 */
export class ClusterIssuer {
  /** `iss` of its tokens. */
  readonly url: string;
  #reachable = true;

  /** @internal */
  constructor(url: string = DEFAULT_URL) {
    this.url = url;
  }

  /** Whether Entra ID gets its keys. Without them it refuses every assertion (`AADSTS90061`). */
  get reachable(): boolean {
    return this.#reachable;
  }

  /** Takes effect for the requests that arrive from now on. */
  setReachable(reachable: boolean): void {
    this.#reachable = reachable;
  }

  /** @internal `forged`: what somebody else would make of it. */
  async sign(claims: JWTPayload, forged: boolean): Promise<string> {
    const { privateKey, kid } = await processKeys();
    const token = await settledByClocks(
      new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid }).sign(privateKey),
    );
    if (!forged) return token;
    const [header = "", payload = "", signature = ""] = token.split(".");
    const bytes = Buffer.from(signature, "base64url").map((byte) => byte ^ 0xff);
    return [header, payload, Buffer.from(bytes).toString("base64url")].join(".");
  }

  /** @internal What is wrong with the signature of a token, if anything is. */
  async check(token: string): Promise<"unknown-key" | "wrong-signature" | undefined> {
    const { publicKey, kid } = await processKeys();
    try {
      if (decodeProtectedHeader(token).kid !== kid) return "unknown-key";
      await settledByClocks(compactVerify(token, publicKey));
      return undefined;
    } catch {
      return "wrong-signature";
    }
  }
}
