import { createHash } from "node:crypto";
import type { SimulatedTime } from "./simulated-time.js";

const MAX_TOKENS = 10_000;

/** Tokens are not kept, only what tells them apart. */
const digestOf = (token: string): string => createHash("sha256").update(token).digest("base64url");

/**
 * Continuous access evaluation: tokens that a resource refuses before they expire, and the challenge it refuses them with.
 * The resource is the test's own; here is what it must know.
 *
 * @public
 */
export class TokenRevocation {
  readonly #time: SimulatedTime;
  readonly #authorizationUri: () => string;
  #issued = new Set<string>();
  #revoked = new Set<string>();
  #revokedAt = 0;

  /** @internal */
  constructor(time: SimulatedTime, authorizationUri: () => string) {
    this.#time = time;
    this.#authorizationUri = authorizationUri;
    this.#revokedAt = time.now();
  }

  /** @internal */
  add(token: string): void {
    this.#issued.add(digestOf(token));
    trim(this.#issued);
  }

  /** Revokes every token issued so far; the last 10,000 are remembered. */
  revokeAll(): void {
    this.#revoked = new Set([...this.#revoked, ...this.#issued]);
    trim(this.#revoked);
    this.#issued = new Set();
    this.#revokedAt = this.#time.now();
  }

  /** Whether `revokeAll()` came after the issue of this token. */
  isRevoked(token: string): boolean {
    return this.#revoked.has(digestOf(token));
  }

  /**
   * The claims that a new token must be asked for with: not from before the last revocation. JSON, as clients pass it in
   * `claims`.
   */
  get claims(): string {
    const value = String(Math.floor(this.#revokedAt / 1000));
    return JSON.stringify({ access_token: { nbf: { essential: true, value } } });
  }

  /**
   * The `WWW-Authenticate` header of the 401, as in "How to use Continuous Access Evaluation enabled APIs in your
   * applications" of Microsoft's documentation.
   */
  get challenge(): string {
    const claims = Buffer.from(this.claims).toString("base64");
    const uri = this.#authorizationUri();
    return `Bearer realm="", authorization_uri="${uri}", error="insufficient_claims", claims="${claims}"`;
  }
}

function trim(digests: Set<string>): void {
  for (const digest of digests) {
    if (digests.size <= MAX_TOKENS) return;
    digests.delete(digest);
  }
}
