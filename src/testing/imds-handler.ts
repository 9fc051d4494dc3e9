import { jsonReply } from "./exchange.js";
import type { Reply, SimulatedRequest } from "./exchange.js";
import type { IdentityChoice, Imds } from "./imds.js";
import type { SimulatedIdentity } from "./simulated-identity.js";
import type { SimulatedTime } from "./simulated-time.js";
import { guidOf, SIMULATED_TENANT_ID } from "./simulated-identity.js";

/** As seen in public captures of 2022 to 2026; the last number varies. */
const SERVER = { Server: "IMDS/150.870.65.1854" };

/** IMDS reports it apart from `expires_in`, and always the same. */
const EXT_EXPIRES_IN = "86399";

function refusal(status: number, error: string, description: string): Reply {
  return jsonReply(status, { error, error_description: description }, SERVER);
}

/** Texts from "How to use managed identities for Azure resources on an Azure VM", except the last, which is not documented. */
const PROBLEMS: Readonly<Record<Extract<IdentityChoice, { problem: string }>["problem"], string>> = {
  "not-found": "Identity not found",
  ambiguous:
    "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request",
  "several-ids": "Only one of client_id, object_id and msi_res_id may be specified",
};

/** Bodies of these are not documented. */
const UPDATING: Readonly<Record<404 | 410, Reply>> = {
  404: refusal(404, "not_found", "The requested resource is not available, the service is being updated"),
  410: refusal(410, "gone", "The service is being updated, retry after some time"),
};
const THROTTLED = refusal(429, "too_many_requests", "Too many requests");

/** IMDS as HTTP, for connections that reach it and for NMI. */
export class ImdsHandler {
  readonly #imds: Imds;
  readonly #time: SimulatedTime;

  constructor(imds: Imds, time: SimulatedTime) {
    this.#imds = imds;
    this.#time = time;
  }

  async answer(request: SimulatedRequest, caller: "pod" | "nmi" = "pod"): Promise<Reply> {
    const path = request.path.toLowerCase().replace(/\/$/, "");
    if (path === "/metadata/identity/oauth2/token") return await this.#token(request, caller);
    // Values in another case are let through: nothing documents what IMDS does with them.
    if (request.headers["metadata"]?.toString().toLowerCase() !== "true") return missingHeader();
    const document = DOCUMENTS.get(path);
    return document === undefined ? refusal(404, "Not found", "Not found") : jsonReply(200, document, SERVER);
  }

  async #token(request: SimulatedRequest, caller: "pod" | "nmi"): Promise<Reply> {
    const { counts } = this.#imds;
    counts.requests += 1;
    if (caller === "nmi") counts.fromNmi += 1;
    const work = async (): Promise<Reply> => {
      if (this.#imds.latencyMs > 0) await this.#time.wait(this.#imds.latencyMs, request.signal);
      return await this.#admitted(request);
    };
    const reply = await this.#imds.rateLimit.run(work, () => THROTTLED);
    if (reply.status === 200) counts.tokens += 1;
    if (reply.status === 429) counts.throttled += 1;
    return reply;
  }

  async #admitted({ headers, query }: SimulatedRequest): Promise<Reply> {
    const { updating } = this.#imds;
    if (updating !== undefined) return UPDATING[updating];
    if (headers["metadata"]?.toString().toLowerCase() !== "true") return missingHeader();
    for (const name of ["api-version", "resource"]) {
      if ((query.get(name) ?? "") === "") {
        return refusal(400, "invalid_request", `Required query variable '${name}' is missing`);
      }
    }
    const choice = this.#imds.choose({
      clientId: query.get("client_id") ?? undefined,
      objectId: query.get("object_id") ?? undefined,
      resourceId: query.get("msi_res_id") ?? query.get("mi_res_id") ?? undefined,
    });
    if ("problem" in choice) return refusal(400, "invalid_request", PROBLEMS[choice.problem]);
    return await this.#issue(choice.identity, query.get("resource") ?? "");
  }

  async #issue(identity: SimulatedIdentity, resource: string): Promise<Reply> {
    const token = await this.#imds.tokenCache.token(identity, resource);
    const body = {
      access_token: token.accessToken,
      client_id: identity.clientId,
      expires_in: String(Math.max(0, token.expiresOn - Math.floor(this.#time.now() / 1000))),
      expires_on: String(token.expiresOn),
      ext_expires_in: EXT_EXPIRES_IN,
      not_before: String(token.notBefore),
      resource,
      token_type: "Bearer",
    };
    return jsonReply(200, body, SERVER);
  }
}

function missingHeader(): Reply {
  return refusal(400, "invalid_request", "Required metadata header not specified");
}

const DOCUMENTS: ReadonlyMap<string, unknown> = new Map([
  [
    "/metadata/instance",
    {
      compute: { azEnvironment: "AzurePublicCloud", name: "simulated-node", vmId: guidOf("vm") },
      network: {},
    },
  ],
  ["/metadata/identity/info", { tenantId: SIMULATED_TENANT_ID }],
]);
