import { readFileSync } from "node:fs";
import { STATUS_CODES } from "node:http";
import type { SimulatedTime } from "./simulated-time.js";
import { sendUpstream } from "./upstream-request.js";
import type { UpstreamResponse } from "./upstream-request.js";

/** Where the proxy gets tokens, and what it presents. */
export interface ProxyAuthority {
  /** Without a slash at its end. */
  readonly url: string;
  readonly caCertificate: string;
  readonly tenantId: string;
  readonly tokenFile: string;
}

export interface ProxyToken {
  readonly accessToken: string;
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: number;
}

interface Credential {
  assertion: string;
  /** In the time's `elapsed()`. */
  readAgainAt: number;
  readonly tokens: Map<string, ProxyToken>;
}

/** azure-workload-identity pkg/proxy/cred_cache.go; azidentity's own cache of tokens has no limit. */
const MAX_CREDENTIALS = 128;
const MAX_TOKENS = 1000;
/** azidentity workload_identity.go. */
const ASSERTION_MS = 600_000;
/** microsoft-authentication-library-for-go: a token this close to its end is fetched anew. */
const EXPIRY_MARGIN_MS = 300_000;

const NAME = "WorkloadIdentityCredential";
const RULE = "-".repeat(80);

/** How Go words what a system call says. */
const GO_WORDS: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "no such file or directory"],
  ["EACCES", "permission denied"],
  ["EISDIR", "is a directory"],
  ["ECONNREFUSED", "connect: connection refused"],
  ["ECONNRESET", "read: connection reset by peer"],
]);

function goWords(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return GO_WORDS.get(code) ?? (error instanceof Error ? error.message : String(error));
}

/** The text of azidentity's error, which the proxy passes on. */
export class ProxyTokenError extends Error {}

/**
 * The credentials inside the proxy: azidentity's `WorkloadIdentityCredential` for each client ID, with its caches. Its retries
 * of 408, 429 and 5xx are not simulated.
 */
export class ProxyCredentials {
  readonly #authority: ProxyAuthority;
  readonly #time: SimulatedTime;
  readonly #credentials = new Map<string, Credential>();

  constructor(authority: ProxyAuthority, time: SimulatedTime) {
    this.#authority = authority;
    this.#time = time;
  }

  /** Forgets everything, as a new process has. */
  clear(): void {
    this.#credentials.clear();
  }

  /** @throws ProxyTokenError */
  async token(clientId: string, scope: string, signal: AbortSignal): Promise<ProxyToken> {
    const credential = this.#credential(clientId);
    const cached = credential.tokens.get(scope);
    if (cached !== undefined && cached.expiresAt - EXPIRY_MARGIN_MS > this.#time.now()) return cached;
    const response = await this.#request(clientId, scope, this.#assertion(credential), signal);
    const { access_token: accessToken, expires_in: expiresIn } = parse(response.body);
    if (response.status !== 200 || typeof accessToken !== "string") {
      throw new ProxyTokenError(this.#failure(response));
    }
    const token = { accessToken, expiresAt: this.#time.now() + Number(expiresIn) * 1000 };
    credential.tokens.set(scope, token);
    dropOldest(credential.tokens, MAX_TOKENS);
    return token;
  }

  #credential(clientId: string): Credential {
    const known = this.#credentials.get(clientId);
    const credential = known ?? { assertion: "", readAgainAt: -Infinity, tokens: new Map() };
    // At the end again: the one that was not used for longest goes first.
    this.#credentials.delete(clientId);
    this.#credentials.set(clientId, credential);
    dropOldest(this.#credentials, MAX_CREDENTIALS);
    return credential;
  }

  #assertion(credential: Credential): string {
    const now = this.#time.elapsed();
    if (now < credential.readAgainAt) return credential.assertion;
    const { tokenFile } = this.#authority;
    try {
      credential.assertion = readFileSync(tokenFile, "utf8");
      credential.readAgainAt = now + ASSERTION_MS;
      return credential.assertion;
    } catch (error) {
      throw new ProxyTokenError(`${NAME}: open ${tokenFile}: ${goWords(error)}`);
    }
  }

  get #tokenUrl(): string {
    return `${this.#authority.url}/${this.#authority.tenantId}/oauth2/v2.0/token`;
  }

  async #request(
    clientId: string,
    scope: string,
    assertion: string,
    signal: AbortSignal,
  ): Promise<UpstreamResponse> {
    const body = new URLSearchParams({
      client_assertion: assertion,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_id: clientId,
      client_info: "1",
      grant_type: "client_credentials",
      scope: `${scope} openid offline_access profile`,
    }).toString();
    const headers = {
      "Content-Type": "application/x-www-form-urlencoded; charset=utf-8",
      "Content-Length": Buffer.byteLength(body),
      "User-Agent": "azsdk-go-azidentity/v1.13.0 (go1.25.0; linux)",
    };
    try {
      const ca = this.#authority.caCertificate;
      return await sendUpstream(this.#tokenUrl, { method: "POST", headers, body, ca, signal });
    } catch (error) {
      signal.throwIfAborted();
      throw new ProxyTokenError(`${NAME}: Post "${this.#tokenUrl}": ${goWords(error)}`);
    }
  }

  /** azidentity errors.go, `AuthenticationFailedError`. */
  #failure({ status, body }: UpstreamResponse): string {
    const parsed = parse(body);
    const shown = Object.keys(parsed).length > 0 ? JSON.stringify(parsed, undefined, 2) : body;
    return [
      `${NAME} authentication failed. `,
      `POST ${this.#tokenUrl}`,
      RULE,
      `RESPONSE ${status}: ${status} ${STATUS_CODES[status] ?? ""}`,
      RULE,
      shown === "" ? "Response contained no body" : shown,
      RULE,
      "To troubleshoot, visit https://aka.ms/azsdk/go/identity/troubleshoot#workload",
    ].join("\n");
  }
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function dropOldest(map: Map<string, unknown>, limit: number): void {
  const [oldest] = map.keys();
  if (map.size > limit && oldest !== undefined) map.delete(oldest);
}
