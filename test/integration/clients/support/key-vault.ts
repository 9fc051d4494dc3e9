import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { createLocalJWKSet, jwtVerify, type JWTPayload } from "jose";
import type { EntraSimulator } from "../../../../src/testing/entra.js";
import { publishedKeys } from "../../../../src/testing/mint-token.js";
import { sendJson } from "../../support/endpoint.js";
import { RESOURCE } from "../../support/setups.js";

/** The client compares the end of the host name with the resource of the challenge. */
const HOST = "team.vault.azure.net";

export interface VaultRequest {
  readonly method: string;
  /** `/secrets/NAME` or `/secrets/NAME/VERSION`. */
  readonly path: string;
  /** Whose token it carried; `undefined` for a request without a token, or with a bad one. */
  readonly oid: string | undefined;
  readonly status: number;
}

interface Secret {
  readonly value: string;
  readonly version: string;
  readonly created: number;
}

/** What a request is answered with before its path matters. */
interface Refusal {
  readonly status: 401 | 403;
  readonly code: string;
  readonly challenge?: string;
}

/**
 * The secrets of a key vault over HTTPS, as far as `SecretClient` uses them, with the checks that a vault makes: a token of
 * Entra ID, for vaults, not expired, not revoked, and of the one identity that it admits. Its host name is a vault's, so that
 * the client is used as it is, `disableChallengeResourceVerification` left alone: the simulator's HTTPS proxy leads there.
 */
export class KeyVault implements AsyncDisposable {
  readonly url: string = `https://${HOST}`;
  /** In the order of their arrival. */
  readonly requests: VaultRequest[] = [];
  readonly #admits: string;
  readonly #entra: EntraSimulator;
  readonly #server: Server;
  readonly #secrets = new Map<string, Secret>();

  private constructor(entra: EntraSimulator, admits: string) {
    this.#entra = entra;
    this.#admits = admits;
    this.#server = createServer(entra.issueCertificate([HOST]), (request, response) => {
      this.#answer(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
  }

  /** One with the secret `greeting`, which lets in tokens whose `oid` is `admits`. */
  static async start(entra: EntraSimulator, admits: string = entra.identity.objectId): Promise<KeyVault> {
    const vault = new KeyVault(entra, admits);
    vault.#set("greeting", "hello");
    await new Promise<void>((listening) => vault.#server.listen(0, "127.0.0.1", listening));
    entra.egress.route(HOST, { port: (vault.#server.address() as AddressInfo).port });
    return vault;
  }

  /** What a client needs to reach it and to trust it. */
  get environment(): Readonly<Record<string, string>> {
    const { HTTPS_PROXY = "", NO_PROXY = "", NODE_EXTRA_CA_CERTS = "" } = this.#entra.environment;
    return { VAULT_URL: this.url, HTTPS_PROXY, NO_PROXY, NODE_EXTRA_CA_CERTS };
  }

  /** How many requests carried a valid token, by its `oid`, let in or not. */
  get seen(): Readonly<Record<string, number>> {
    const tally: Record<string, number> = {};
    for (const { oid } of this.requests) if (oid !== undefined) tally[oid] = (tally[oid] ?? 0) + 1;
    return tally;
  }

  /** The statuses of all requests, in their order. */
  get statuses(): readonly number[] {
    return this.requests.map(({ status }) => status);
  }

  /** From now on every token that was shown here, or issued by the simulator, is answered with a claims challenge. */
  revokeAll(): void {
    this.#entra.revocation.revokeAll();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "" } = request;
    const path = new URL(url, this.url).pathname.replace(/\/$/u, "");
    const token = request.headers.authorization?.replace(/^Bearer /u, "");
    const claims = token === undefined ? undefined : await verified(token);
    const refusal = token === undefined ? this.#challenge() : this.#refuse(token, claims);
    const oid = typeof claims?.["oid"] === "string" ? claims["oid"] : undefined;
    response.once("finish", () => this.requests.push({ method, path, oid, status: response.statusCode }));
    if (refusal !== undefined) {
      request.resume();
      if (refusal.challenge !== undefined) response.setHeader("WWW-Authenticate", refusal.challenge);
      sendError(response, refusal.status, refusal.code);
      return;
    }
    await this.#serve(request, response, path);
  }

  /** Says which tenant and which resource a token must be of. */
  #challenge(): Refusal {
    const authority = `https://login.microsoftonline.com/${this.#entra.identity.tenantId}`;
    const challenge = `Bearer authorization="${authority}", resource="${RESOURCE}"`;
    return { status: 401, code: "Unauthorized", challenge };
  }

  #refuse(token: string, claims: JWTPayload | undefined): Refusal | undefined {
    const { revocation } = this.#entra;
    if (claims === undefined) return this.#challenge();
    if (claims["oid"] !== this.#admits) return { status: 403, code: "Forbidden" };
    if (revocation.isRevoked(token)) {
      return { status: 401, code: "Unauthorized", challenge: revocation.challenge };
    }
    // Tokens of a managed identity come past the simulator, which is to know whom it revokes.
    revocation.add(token);
    return undefined;
  }

  async #serve(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const [, collection, name = "", version] = path.split("/");
    if (collection !== "secrets" || name === "") {
      sendError(response, 404, "BadParameter");
      return;
    }
    if (request.method === "PUT") {
      const { value } = (await json(request)) as { readonly value: string };
      this.#set(name, value);
    }
    const secret = this.#secrets.get(name);
    if (secret === undefined || (version !== undefined && version !== secret.version)) {
      sendError(response, 404, "SecretNotFound");
      return;
    }
    sendJson(response, 200, {
      value: secret.value,
      id: `${this.url}/secrets/${name}/${secret.version}`,
      attributes: { enabled: true, created: secret.created, updated: secret.created },
    });
  }

  #set(name: string, value: string): void {
    const version = crypto.randomUUID().replaceAll("-", "");
    this.#secrets.set(name, { value, version, created: Math.floor(Date.now() / 1000) });
  }
}

/** The claims of a token that is genuine, for vaults, and not expired. */
async function verified(token: string): Promise<JWTPayload | undefined> {
  try {
    const keys = createLocalJWKSet(await publishedKeys());
    return (await jwtVerify(token, keys, { audience: RESOURCE })).payload;
  } catch {
    return undefined;
  }
}

function sendError(response: ServerResponse, status: number, code: string): void {
  sendJson(response, status, { error: { code, message: `The vault answers ${code}.` } });
}
