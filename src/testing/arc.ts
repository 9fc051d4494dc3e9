import { randomBytes, randomUUID } from "node:crypto";
import { mkdirSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { AssignedIdentities } from "./assigned-identities.js";
import type { NamedIds } from "./assigned-identities.js";
import { jsonReply } from "./exchange.js";
import type { Reply, SimulatedRequest } from "./exchange.js";
import type { IdentityInit, SimulatedIdentity } from "./simulated-identity.js";
import { SimulatedServer } from "./simulated-server.js";
import type { SimulatedServerOptions } from "./simulated-server.js";
import { TokenCache } from "./token-cache.js";
import type { TokenOptions } from "./token-cache.js";

/** @public */
export interface ArcSimulatorOptions extends SimulatedServerOptions {
  /** The identity of the machine. Default one named `machine`. */
  readonly systemAssigned?: IdentityInit | undefined;
  /**
   * User-assigned identities. Without the option the agent is an older one, which ignores any identity that is named and
   * answers with the machine's.
   */
  readonly userAssigned?: readonly IdentityInit[] | undefined;
  /**
   * Folder of the secrets. Default `/var/opt/azcmagent/tokens`, the only one that `@azure/identity` accepts on Linux; another
   * one serves clients that do not look, and shows what the SDK says to a wrong one.
   */
  readonly tokenDirectory?: string | undefined;
  readonly tokens?: TokenOptions | undefined;
}

const PATH = "/metadata/identity/oauth2/token";
const TOKEN_DIRECTORY = "/var/opt/azcmagent/tokens";
const MAX_SECRETS = 100;

function refusal(status: number, error: string, description: string): Reply {
  return jsonReply(status, { error, error_description: description });
}

/**
 * The identity endpoint of the Azure Arc agent ("Access Azure resources by using managed identity on Azure Arc-enabled
 * servers"): the first answer is a 401 that names a file, whose content the second request brings along. It proves that the
 * caller may read there. Real HTTP on loopback.
 *
 * @public
 */
export class ArcSimulator extends SimulatedServer<"arc"> {
  /** Those of the machine. */
  readonly identities: AssignedIdentities;
  readonly #directory: string;
  readonly #isOldAgent: boolean;
  readonly #tokens: TokenCache;
  /** Content of each secret's file, by path. */
  readonly #secrets = new Map<string, string>();
  /** Folders made at the start, the innermost first. */
  readonly #made: readonly string[];

  private constructor(options: ArcSimulatorOptions) {
    super(options);
    this.#directory = options.tokenDirectory ?? TOKEN_DIRECTORY;
    this.#isOldAgent = options.userAssigned === undefined;
    this.identities = new AssignedIdentities(
      options.userAssigned ?? [],
      options.systemAssigned ?? { name: "machine" },
    );
    this.#tokens = new TokenCache(() => this.time.now(), options.tokens ?? {});
    this.#made = makeDirectories(this.#directory);
  }

  /** Starts it. Rejects where the address cannot be listened on, or the folder not made: the usual one needs root. */
  static async start(options: ArcSimulatorOptions = {}): Promise<ArcSimulator> {
    const arc = new ArcSimulator(options);
    try {
      await arc.listen({
        name: "arc",
        faultTargets: () => ["arc"],
        answer: async (request) => await arc.#answer(request),
      });
    } catch (error) {
      await arc.close();
      throw error;
    }
    return arc;
  }

  /** What the agent's installer sets for the machine. */
  get environment(): Readonly<Record<string, string>> {
    return { IDENTITY_ENDPOINT: this.url + PATH, IMDS_ENDPOINT: this.url };
  }

  /** Ends it, and takes its files away. */
  override async close(): Promise<void> {
    await super.close();
    for (const file of this.#secrets.keys()) rmSync(file, { force: true });
    this.#secrets.clear();
    try {
      for (const directory of this.#made) rmdirSync(directory);
    } catch {
      // Somebody else uses it too.
    }
  }

  async #answer(request: SimulatedRequest): Promise<Reply> {
    const { path, query, headers } = request;
    if (path.toLowerCase().replace(/\/$/, "") !== PATH) return refusal(404, "not_found", "Not found");
    if (headers["metadata"] !== "true") {
      return refusal(400, "invalid_request", "Required metadata header not specified");
    }
    const resource = query.get("resource") ?? "";
    if (resource === "" || (query.get("api-version") ?? "") === "") {
      return refusal(400, "invalid_request", "The parameters resource and api-version are required");
    }
    if (!this.#isAuthorized(headers.authorization)) return this.#challenge();
    const named = {
      clientId: query.get("client_id") ?? "",
      objectId: query.get("object_id") ?? "",
      // `mi_res_id` is ignored (@azure/msal-node, AzureArc.ts).
      resourceId: query.get("msi_res_id") ?? "",
    };
    const identity = this.#isOldAgent ? this.identities.systemAssigned : this.identities.find(named);
    if (identity === undefined) return refusal(400, "invalid_request", "Identity not found");
    return await this.#issue(identity, resource, this.#isOldAgent ? undefined : named);
  }

  #challenge(): Reply {
    const file = join(this.#directory, `${randomUUID()}.key`);
    const secret = randomBytes(32).toString("base64url");
    // Another simulator that made the folder may have taken it away.
    mkdirSync(this.#directory, { recursive: true });
    writeFileSync(file, secret, { mode: 0o640 });
    this.#secrets.set(file, secret);
    const [oldest] = this.#secrets.keys();
    if (this.#secrets.size > MAX_SECRETS && oldest !== undefined) this.#forget(oldest);
    const challenge = { "WWW-Authenticate": `Basic realm=${file}` };
    return jsonReply(401, { error: "unauthorized", error_description: "Authorization required" }, challenge);
  }

  /** A secret counts once. */
  #isAuthorized(authorization: string | undefined): boolean {
    const found = [...this.#secrets].find(([, secret]) => authorization === `Basic ${secret}`);
    if (found === undefined) return false;
    this.#forget(found[0]);
    return true;
  }

  #forget(file: string): void {
    this.#secrets.delete(file);
    rmSync(file, { force: true });
  }

  /** An agent that knows user-assigned identities echoes the one that it used, by the name that it was asked by. */
  async #issue(identity: SimulatedIdentity, resource: string, named: NamedIds | undefined): Promise<Reply> {
    const token = await this.#tokens.token(identity, resource);
    const echo = {
      ...(named === undefined || named.clientId === "" ? {} : { client_id: identity.clientId }),
      ...(named === undefined || named.objectId === "" ? {} : { object_id: identity.objectId }),
      ...(named === undefined || named.resourceId === "" ? {} : { msi_res_id: identity.resourceId }),
    };
    return jsonReply(200, {
      access_token: token.accessToken,
      expires_in: String(Math.max(0, token.expiresOn - Math.floor(this.time.now() / 1000))),
      expires_on: String(token.expiresOn),
      not_before: String(token.notBefore),
      resource,
      token_type: "Bearer",
      ...echo,
    });
  }
}

/** Makes a folder and those above it. Returns those that were not there, the innermost first. */
function makeDirectories(directory: string): readonly string[] {
  const first = mkdirSync(directory, { recursive: true });
  if (first === undefined) return [];
  const made = [directory];
  for (let path = directory; path !== first; path = dirname(path)) made.push(dirname(path));
  return made;
}
