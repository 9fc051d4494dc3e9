import { randomUUID } from "node:crypto";
import { AssignedIdentities } from "./assigned-identities.js";
import { jsonReply } from "./exchange.js";
import type { Reply, SimulatedRequest } from "./exchange.js";
import type { IdentityInit, SimulatedIdentity } from "./simulated-identity.js";
import { SimulatedServer } from "./simulated-server.js";
import type { SimulatedServerOptions } from "./simulated-server.js";
import { TokenCache } from "./token-cache.js";
import type { TokenOptions } from "./token-cache.js";

/** @public */
export interface AppServiceSimulatorOptions extends SimulatedServerOptions {
  /** Default one, named `app`. */
  readonly userAssigned?: readonly IdentityInit[] | undefined;
  /** Default none: requests that name no identity are refused, also where there is one user-assigned. */
  readonly systemAssigned?: IdentityInit | undefined;
  readonly tokens?: TokenOptions | undefined;
}

const PATH = "/msi/token";
const API_VERSION = "2019-08-01";

/** Bodies as in Azure-Samples/azure-search-openai-demo issue 2148; those of the other refusals are not documented. */
function refusal(statusCode: number, message: string): Reply {
  return jsonReply(statusCode, { statusCode, message, correlationId: randomUUID() });
}

/**
 * The identity endpoint of App Service, Functions and Container Apps ("How to use managed identities for App Service and
 * Azure Functions", REST endpoint reference): real HTTP on loopback.
 *
 * @example
 * ```ts
 * await using appService = await AppServiceSimulator.start({ systemAssigned: { name: "site" } });
 * spawn(process.execPath, ["app.js"], { env: { ...process.env, ...appService.environment } });
 * ```
 *
 * @public
 */
export class AppServiceSimulator extends SimulatedServer<"app-service"> {
  /** Those of the app. */
  readonly identities: AssignedIdentities;
  readonly #secret: string = randomUUID();
  readonly #tokens: TokenCache;

  private constructor(options: AppServiceSimulatorOptions) {
    super(options);
    this.identities = new AssignedIdentities(
      options.userAssigned ?? [{ name: "app" }],
      options.systemAssigned,
    );
    this.#tokens = new TokenCache(() => this.time.now(), options.tokens ?? {});
  }

  /** Starts it. Rejects where the address cannot be listened on. */
  static async start(options: AppServiceSimulatorOptions = {}): Promise<AppServiceSimulator> {
    const appService = new AppServiceSimulator(options);
    await appService.listen({
      name: "app-service",
      faultTargets: () => ["app-service"],
      answer: async (request) => await appService.#answer(request),
    });
    return appService;
  }

  /** What the platform gives to the app. */
  get environment(): Readonly<Record<string, string>> {
    return { IDENTITY_ENDPOINT: this.url + PATH, IDENTITY_HEADER: this.#secret };
  }

  async #answer({ path, query, headers }: SimulatedRequest): Promise<Reply> {
    if (path.toLowerCase().replace(/\/$/, "") !== PATH) return refusal(404, "Not found");
    if (headers["x-identity-header"] !== this.#secret) {
      return refusal(401, "The header X-IDENTITY-HEADER is missing or wrong");
    }
    if (query.get("api-version") !== API_VERSION) {
      return refusal(400, `The api-version is not supported; ${API_VERSION} is`);
    }
    const resource = query.get("resource") ?? "";
    if (resource === "") return refusal(400, "The parameter resource is missing");
    const identity = this.identities.find({
      clientId: query.get("client_id") ?? "",
      // The documentation calls the one an alias of the other; `@azure/identity` sends `object_id`.
      objectId: query.get("principal_id") ?? query.get("object_id") ?? "",
      resourceId: query.get("mi_res_id") ?? "",
    });
    if (identity === undefined) {
      const message =
        "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.";
      return refusal(400, message);
    }
    return await this.#issue(identity, resource);
  }

  async #issue(identity: SimulatedIdentity, resource: string): Promise<Reply> {
    const token = await this.#tokens.token(identity, resource);
    return jsonReply(200, {
      access_token: token.accessToken,
      expires_on: String(token.expiresOn),
      resource,
      token_type: "Bearer",
      client_id: identity.clientId,
    });
  }
}
