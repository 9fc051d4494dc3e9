import { refuseAssertion } from "./client-assertion.js";
import type { ClusterIssuer } from "./cluster-issuer.js";
import type { Application, EntraDirectory, Resource } from "./entra-directory.js";
import type { EntraRefusal } from "./entra-error.js";
import type { FederatedCredentials } from "./federated-credentials.js";
import { mintToken } from "./mint-token.js";
import type { SimulatedTime } from "./simulated-time.js";
import type { TokenOptions } from "./token-cache.js";
import type { TokenRevocation } from "./token-revocation.js";

export interface TokenEndpointParts {
  readonly directory: EntraDirectory;
  readonly credentials: FederatedCredentials;
  readonly cluster: ClusterIssuer;
  readonly revocation: TokenRevocation;
  readonly time: SimulatedTime;
  readonly tokens: () => TokenOptions;
}

/** A token response of the v2.0 endpoint. */
export interface TokenResponse {
  readonly token_type: "Bearer";
  readonly expires_in: number;
  readonly ext_expires_in: number;
  readonly access_token: string;
}

const LIFETIME_MS = { "managed-identity": 86_400_000, "app-registration": 3_600_000 } as const;
const BACKDATED_SECONDS = 300;
const JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const DEFAULT = "/.default";
const OPENID_SCOPES: ReadonlySet<string> = new Set(["openid", "offline_access", "profile", "email"]);

const missing = (parameter: string): EntraRefusal => ({ code: "AADSTS900144", details: { parameter } });

/** The client credentials grant of "Microsoft identity platform and the OAuth 2.0 client credentials flow". */
export class TokenEndpoint {
  readonly #parts: TokenEndpointParts;

  constructor(parts: TokenEndpointParts) {
    this.#parts = parts;
  }

  async answer(
    form: URLSearchParams,
    tenant: string,
    replica: number,
  ): Promise<{ readonly token: TokenResponse } | { readonly refusal: EntraRefusal }> {
    for (const parameter of ["grant_type", "client_id", "scope"]) {
      if ((form.get(parameter) ?? "") === "") return { refusal: missing(parameter) };
    }
    const grantType = form.get("grant_type") ?? "";
    if (grantType !== "client_credentials")
      return { refusal: { code: "AADSTS70003", details: { grantType } } };
    const { directory } = this.#parts;
    if (!directory.hasTenant(tenant)) return { refusal: { code: "AADSTS90002", details: { tenant } } };
    const clientId = form.get("client_id") ?? "";
    const application = directory.application(clientId, tenant);
    if (application === undefined) {
      return { refusal: { code: "AADSTS700016", details: { application: clientId, tenant } } };
    }
    const refusal = await this.#refuseClient(form, application, replica);
    if (refusal !== undefined) return { refusal };
    // The Go library adds those of OpenID Connect, which mean nothing for this grant.
    const scope = (form.get("scope") ?? "")
      .split(" ")
      .filter((name) => !OPENID_SCOPES.has(name))
      .join(" ");
    if (!scope.endsWith(DEFAULT)) return { refusal: { code: "AADSTS1002012", details: { scope } } };
    // What is left of `https://database.windows.net//.default` ends with a slash, and so does the audience.
    const uri = scope.slice(0, -DEFAULT.length);
    const resource = directory.resource(uri);
    if (resource === undefined) {
      return { refusal: { code: "AADSTS500011", details: { resource: uri, tenant } } };
    }
    return { token: await this.#issue(application, resource, capabilitiesIn(form)) };
  }

  async #refuseClient(
    form: URLSearchParams,
    application: Application,
    replica: number,
  ): Promise<EntraRefusal | undefined> {
    const { clientId } = application.identity;
    const assertion = form.get("client_assertion");
    const secret = form.get("client_secret");
    if (assertion !== null) {
      if (form.get("client_assertion_type") !== JWT_BEARER) return missing("client_assertion_type");
      const { credentials, cluster, time } = this.#parts;
      const context = { clientId, replica, credentials, cluster, now: time.now() };
      return await refuseAssertion(assertion, context);
    }
    if (secret === null) return { code: "AADSTS7000218", details: {} };
    if (secret === application.secret) return undefined;
    return { code: "AADSTS7000215", details: { application: clientId } };
  }

  /** A new one each time: unlike IMDS, Entra ID keeps none. */
  async #issue(
    { identity, kind }: Application,
    { version, audience }: Resource,
    capabilities: readonly string[],
  ): Promise<TokenResponse> {
    const { time, tokens, revocation } = this.#parts;
    const options = tokens();
    const now = Math.floor(time.now() / 1000);
    const lifetime = Math.floor((options.lifetimeMs ?? LIFETIME_MS[kind]) / 1000);
    const claims = {
      aud: audience,
      oid: identity.objectId,
      tid: identity.tenantId,
      appid: identity.clientId,
      iat: now - BACKDATED_SECONDS,
      nbf: now - BACKDATED_SECONDS,
      exp: now + lifetime,
      // That tokens got by federation have it too is what IMDS suggests; no primary source says so.
      ...(kind === "managed-identity" ? { xms_mirid: identity.resourceId } : {}),
      ...(capabilities.length === 0 ? {} : { xms_cc: capabilities }),
    };
    const accessToken = await mintToken(claims, {
      version: options.version ?? version,
      format: options.format,
    });
    revocation.add(accessToken);
    // One second less than the life, as seen: 3599 and 86399.
    const expiresIn = Math.max(0, lifetime - 1);
    return {
      token_type: "Bearer",
      expires_in: expiresIn,
      ext_expires_in: expiresIn,
      access_token: accessToken,
    };
  }
}

/** What the client can do: `cp1` says that it can handle claims challenges. */
function capabilitiesIn(form: URLSearchParams): readonly string[] {
  try {
    const claims: unknown = JSON.parse(form.get("claims") ?? "{}");
    const values = member(member(member(claims, "access_token"), "xms_cc"), "values");
    return Array.isArray(values) ? values.filter((value) => typeof value === "string") : [];
  } catch {
    return [];
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? new Map(Object.entries(value)).get(name) : undefined;
}
