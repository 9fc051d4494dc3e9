import { randomUUID } from "node:crypto";
import { refusalReply } from "./entra-error.js";
import type { EntraRefusal, EntraTrace } from "./entra-error.js";
import type { EntraDirectory } from "./entra-directory.js";
import { goError, jsonReply } from "./exchange.js";
import type { Reply, SimulatedRequest } from "./exchange.js";
import { publishedKeys } from "./mint-token.js";
import { SIMULATED_TENANT_ID } from "./simulated-identity.js";
import type { SimulatedTime } from "./simulated-time.js";
import type { TokenEndpoint } from "./token-endpoint.js";

/**
 * Requests that Entra ID answered since the start; those that a fault answered in its place are in the log alone.
 *
 * @public
 */
export interface EntraCounters {
  /** All of them, discovery included. */
  readonly requests: number;
  /** At the token endpoint: the sum of the following two. */
  readonly tokenRequests: number;
  readonly tokens: number;
  readonly refused: number;
  /** Token requests by replica. */
  readonly byReplica: readonly number[];
}

export interface EntraHandlerParts {
  readonly directory: EntraDirectory;
  readonly tokenEndpoint: TokenEndpoint;
  readonly time: SimulatedTime;
  /** Which replica takes the next token request. */
  readonly nextReplica: () => number;
  readonly replicas: number;
}

const TOKEN = /^\/([^/]+)\/oauth2\/v2\.0\/token\/?$/i;
const DISCOVERY = /^\/([^/]+)(\/v2\.0)?\/\.well-known\/openid-configuration$/i;
const INSTANCE = /^\/[^/]+\/discovery\/instance$/i;
const KEYS = /^\/[^/]+\/discovery\/(v2\.0\/)?keys$/i;

/** Names that stand for no tenant of their own. */
const SHARED_TENANTS: ReadonlySet<string> = new Set(["common", "organizations"]);

const PUBLIC_HOST = "login.microsoftonline.com";

/** Host names of Entra ID, those of one cloud together. */
const CLOUDS: readonly (readonly string[])[] = [
  [PUBLIC_HOST, "login.windows.net", "login.microsoft.com", "sts.windows.net"],
  ["login.microsoftonline.us"],
  ["login.partner.microsoftonline.cn"],
];

export const ENTRA_HOSTS: readonly string[] = CLOUDS.flat();

export function isTokenRequest({ path }: Pick<SimulatedRequest, "path">): boolean {
  return TOKEN.test(path);
}

/** Entra ID as HTTP. */
export class EntraHandler {
  readonly #parts: EntraHandlerParts;
  readonly counts: { -readonly [K in keyof EntraCounters]: EntraCounters[K] } & { byReplica: number[] };

  constructor(parts: EntraHandlerParts) {
    this.#parts = parts;
    const byReplica = new Array<number>(parts.replicas).fill(0);
    this.counts = { requests: 0, tokenRequests: 0, tokens: 0, refused: 0, byReplica };
  }

  async answer(request: SimulatedRequest): Promise<Reply> {
    const { path } = request;
    this.counts.requests += 1;
    const [, tenant] = TOKEN.exec(path) ?? [];
    if (tenant !== undefined) return await this.#token(request, tenant);
    const discovery = DISCOVERY.exec(path);
    if (discovery !== null) return this.#discovery(request, discovery[1] ?? "", discovery[2] !== undefined);
    if (INSTANCE.test(path)) return instanceDiscovery(request);
    if (KEYS.test(path)) return jsonReply(200, await publishedKeys());
    return goError(404, "Not found");
  }

  async #token(request: SimulatedRequest, tenant: string): Promise<Reply> {
    const replica = this.#parts.nextReplica();
    this.counts.tokenRequests += 1;
    this.counts.byReplica[replica] = (this.counts.byReplica[replica] ?? 0) + 1;
    const form = new URLSearchParams(request.body);
    const trace = this.#trace(request, form);
    const headers = {
      "Cache-Control": "no-store, no-cache",
      Pragma: "no-cache",
      "x-ms-request-id": trace.traceId,
      "x-ms-ests-server": `2.1.0 - SIM${replica} ProdSlices`,
    };
    const refuse = (refusal: EntraRefusal): Reply => {
      this.counts.refused += 1;
      return refusalReply(refusal, trace, headers);
    };
    const { method } = request;
    if (method !== "POST") return refuse({ code: "AADSTS900561", details: { method } });
    const answer = await this.#parts.tokenEndpoint.answer(form, tenant, replica);
    if ("refusal" in answer) return refuse(answer.refusal);
    this.counts.tokens += 1;
    return jsonReply(200, answer.token, headers);
  }

  #discovery(request: SimulatedRequest, tenant: string, isV2: boolean): Reply {
    const shared = SHARED_TENANTS.has(tenant.toLowerCase());
    if (!shared && !this.#parts.directory.hasTenant(tenant)) {
      const trace = this.#trace(request, new URLSearchParams());
      return refusalReply({ code: "AADSTS90002", details: { tenant } }, trace);
    }
    const base = `https://${request.headers.host ?? PUBLIC_HOST}`;
    const version = isV2 ? "/v2.0" : "";
    // The issuer is that of the tokens, whatever name Entra ID was reached by.
    const id = shared ? "{tenantid}" : tenant;
    const issuer = isV2 ? `https://${PUBLIC_HOST}/${id}/v2.0` : `https://sts.windows.net/${id}/`;
    return jsonReply(200, {
      token_endpoint: `${base}/${tenant}/oauth2${version}/token`,
      token_endpoint_auth_methods_supported: ["client_secret_post", "private_key_jwt"],
      jwks_uri: `${base}/${tenant}/discovery${version}/keys`,
      response_modes_supported: ["query", "fragment", "form_post"],
      subject_types_supported: ["pairwise"],
      id_token_signing_alg_values_supported: ["RS256"],
      response_types_supported: ["code", "id_token", "code id_token", "id_token token"],
      scopes_supported: ["openid", "profile", "email", "offline_access"],
      issuer,
      authorization_endpoint: `${base}/${tenant}/oauth2${version}/authorize`,
      tenant_region_scope: "EU",
      cloud_instance_name: "microsoftonline.com",
    });
  }

  #trace({ query, headers }: SimulatedRequest, form: URLSearchParams): EntraTrace {
    const given = form.get("client-request-id") ?? query.get("client-request-id");
    return {
      traceId: randomUUID(),
      correlationId: given ?? headers["client-request-id"]?.toString() ?? randomUUID(),
      at: this.#parts.time.now(),
    };
  }
}

/**
 * Every authority is trusted that the simulator is asked about: without this answer `@azure/identity` refuses one that is not
 * among the clouds' own, and asks `login.microsoftonline.com` for it, whatever `AZURE_AUTHORITY_HOST` says.
 */
function instanceDiscovery({ query }: SimulatedRequest): Reply {
  const endpoint = query.get("authorization_endpoint") ?? "";
  const host = URL.canParse(endpoint) ? new URL(endpoint).host : PUBLIC_HOST;
  return jsonReply(200, {
    tenant_discovery_endpoint: `https://${host}/${SIMULATED_TENANT_ID}/v2.0/.well-known/openid-configuration`,
    "api-version": "1.1",
    metadata: (ENTRA_HOSTS.includes(host) ? CLOUDS : [...CLOUDS, [host]]).map((aliases) => ({
      preferred_network: aliases[0],
      preferred_cache: aliases[0],
      aliases,
    })),
  });
}
