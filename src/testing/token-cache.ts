import { mintToken } from "./mint-token.js";
import type { MintOptions } from "./mint-token.js";
import type { SimulatedIdentity } from "./simulated-identity.js";

/** A token of IMDS; times in Unix seconds. */
export interface IssuedToken {
  readonly accessToken: string;
  readonly notBefore: number;
  readonly expiresOn: number;
}

/**
 * How tokens are made; `version` and `format` as for {@link mintToken}.
 *
 * @public
 */
export interface TokenOptions extends Pick<MintOptions, "version" | "format"> {
  /** Milliseconds from issue to expiry, not scaled. Default 24 h. */
  readonly lifetimeMs?: number | undefined;
}

const MAX_TOKENS = 1000;
const DAY_MS = 86_400_000;
const BACKDATED_SECONDS = 300;

/**
 * Tokens as the platform keeps them: one for each identity and resource, until it expires. Asking again brings the same
 * one ("Managed identities ... FAQ" in Microsoft's documentation: tokens are cached for around 24 hours).
 */
export class TokenCache {
  readonly #now: () => number;
  readonly #tokens = new Map<string, { readonly expiresOn: number; readonly issued: Promise<IssuedToken> }>();
  readonly #principals = new Map<string, string>();
  options: TokenOptions;

  constructor(now: () => number, options: TokenOptions) {
    this.#now = now;
    this.options = options;
  }

  async token(identity: SimulatedIdentity, resource: string): Promise<IssuedToken> {
    const key = `${identity.clientId.toLowerCase()} ${resource}`;
    const cached = this.#tokens.get(key);
    if (cached !== undefined && cached.expiresOn * 1000 > this.#now()) return await cached.issued;
    const nowSeconds = Math.floor(this.#now() / 1000);
    const expiresOn = nowSeconds + Math.floor((this.options.lifetimeMs ?? DAY_MS) / 1000);
    const issued = this.#issue(identity, resource, nowSeconds - BACKDATED_SECONDS, expiresOn);
    this.#tokens.delete(key);
    this.#tokens.set(key, { expiresOn, issued });
    const [oldest] = this.#tokens.keys();
    if (this.#tokens.size > MAX_TOKENS && oldest !== undefined) this.#tokens.delete(oldest);
    return await issued;
  }

  /** Tokens of this identity name another principal, as after a detach that IMDS missed; `undefined` ends it. */
  setStalePrincipal(clientId: string, objectId: string | undefined): void {
    if (objectId === undefined) this.#principals.delete(clientId.toLowerCase());
    else this.#principals.set(clientId.toLowerCase(), objectId);
    this.clear();
  }

  clear(): void {
    this.#tokens.clear();
  }

  async #issue(
    identity: SimulatedIdentity,
    resource: string,
    notBefore: number,
    expiresOn: number,
  ): Promise<IssuedToken> {
    const { version, format } = this.options;
    const claims = {
      aud: resource,
      oid: this.#principals.get(identity.clientId.toLowerCase()) ?? identity.objectId,
      tid: identity.tenantId,
      appid: identity.clientId,
      xms_mirid: identity.resourceId,
      iat: notBefore,
      nbf: notBefore,
      exp: expiresOn,
    };
    return { accessToken: await mintToken(claims, { version, format }), notBefore, expiresOn };
  }
}
