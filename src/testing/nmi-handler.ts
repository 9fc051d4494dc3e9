import type { Adal, RefreshResult } from "./adal.js";
import { goError } from "./exchange.js";
import type { Reply, SimulatedRequest } from "./exchange.js";
import { findAssignedIdentity, findBoundIdentity } from "./find-identity.js";
import type { Lookup, NamedIdentity } from "./find-identity.js";
import type { Mic } from "./mic.js";
import type { NmiSettings } from "./nmi-settings.js";
import type { PodDirectory, SimulatedPod } from "./pods.js";
import type { SimulatedTime } from "./simulated-time.js";

export interface NmiHandlerParts {
  readonly mic: Mic;
  readonly pods: PodDirectory;
  readonly adal: Adal;
  readonly time: SimulatedTime;
  readonly settings: () => NmiSettings;
  /** Aborts when the NMI process ends. */
  readonly processSignal: () => AbortSignal;
}

const POD_LOOKUPS = 5;
const POD_LOOKUP_INTERVAL_MS = 300;

/** Decoded as Go decodes it, so that `%5C` counts as the backslash it is; a path that cannot be is left alone. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** NMI's token server as HTTP (aad-pod-identity pkg/nmi/server/server.go). */
export class NmiHandler {
  readonly #parts: NmiHandlerParts;

  constructor(parts: NmiHandlerParts) {
    this.#parts = parts;
  }

  async answer(request: SimulatedRequest): Promise<Reply> {
    const path = decoded(request.path);
    // Only this first part is compared without regard to case.
    const rest = path.slice(0, 9).toLowerCase() === "/metadata" ? path.slice(9) : undefined;
    if (rest?.startsWith("/identity/oauth2/token") === true) return await this.#token(request);
    if (rest !== undefined && /^\/identity(.*?)oauth2(.*?)token/.test(rest))
      return goError(400, "Invalid request");
    if (path.startsWith("/host/token")) return await this.#hostToken(request);
    if (rest?.startsWith("/instance") === true && this.#parts.settings().blockInstanceMetadata) {
      return goError(403, "Request blocked by AAD Pod Identity NMI");
    }
    return await this.#forward(request);
  }

  #lacksHeader({ headers }: SimulatedRequest): boolean {
    return this.#parts.settings().metadataHeaderRequired && headers["metadata"] !== "true";
  }

  async #token(request: SimulatedRequest): Promise<Reply> {
    if (this.#lacksHeader(request)) return missingHeader();
    const resource = request.query.get("resource") ?? "";
    if (resource === "") return goError(400, "parameter resource cannot be empty");
    const pod = await this.#callingPod(request);
    if ("status" in pod) return pod;
    const named = namedIdentity(request);
    if (pod.excepted) return await this.#exceptedToken(named, resource);
    const found = await this.#find(pod, named, request.signal);
    if ("problem" in found) return this.#lookupFailed(found, true);
    const result = await this.#refresh(found.identity.clientId, resource);
    return result.kind === "token" ? tokenReply(nmiToken(result.body)) : refreshFailed(result);
  }

  /** For drivers on the node, which ask for a pod by name. */
  async #hostToken(request: SimulatedRequest): Promise<Reply> {
    if (request.sourceAddress !== "127.0.0.1")
      return goError(500, "request remote address is not from a host");
    const namespace = request.headers["podns"]?.toString() ?? "";
    const name = request.headers["podname"]?.toString() ?? "";
    if (namespace === "" || name === "") {
      return goError(400, "missing 'podname' and 'podns' from request header");
    }
    const pod = this.#parts.pods.find(`${namespace}/${name}`);
    const named = namedIdentity(request);
    // Without such a pod there is nothing assigned to it: the same wait, the same answer.
    const unknownPod = { namespace, name, addresses: [], excepted: false, hostNetwork: false };
    const found = await this.#find(pod ?? unknownPod, named, request.signal);
    if ("problem" in found) return this.#lookupFailed(found, false);
    const { clientId } = found.identity;
    const result = await this.#refresh(clientId, request.query.get("resource") ?? "");
    return result.kind === "token"
      ? tokenReply({ token: nmiToken(result.body), clientid: clientId })
      : refreshFailed(result);
  }

  async #callingPod({ sourceAddress, signal }: SimulatedRequest): Promise<SimulatedPod | Reply> {
    if (!/^\d+\.\d+\.\d+\.\d+$/.test(sourceAddress)) return goError(500, "request remote address is empty");
    for (let lookup = 1; ; lookup += 1) {
      const [pod, ...others] = this.#parts.pods.at(sourceAddress);
      if (pod !== undefined) {
        if (others.length === 0) return pod;
        const list = [pod, ...others].map(({ name }) => name).join(" ");
        return goError(500, `failed to match pod IP ${sourceAddress} with [${list}]`);
      }
      if (lookup === POD_LOOKUPS) return goError(500, "pod list is empty");
      await this.#parts.time.wait(POD_LOOKUP_INTERVAL_MS, signal);
    }
  }

  async #exceptedToken({ clientId }: NamedIdentity, resource: string): Promise<Reply> {
    const result = await this.#refresh(clientId === "" ? undefined : clientId, resource);
    if (result.kind === "token") return tokenReply(nmiToken(result.body));
    return goError(403, `failed to get service principal token, error: ${result.message}`);
  }

  async #find(pod: SimulatedPod, named: NamedIdentity, signal: AbortSignal): Promise<Lookup> {
    if (this.#parts.settings().mode === "managed") return findBoundIdentity(pod, named, this.#parts.mic);
    return await findAssignedIdentity(pod, named, this.#parts, signal);
  }

  #lookupFailed({ problem, panic = false }: Extract<Lookup, { problem: string }>, mayRetry: boolean): Reply {
    if (panic) return goError(500, problem);
    const { setRetryAfterHeader, retryAfterSeconds } = this.#parts.settings();
    if (!setRetryAfterHeader) return goError(404, problem);
    const seconds = Math.ceil(retryAfterSeconds * this.#parts.time.scale);
    return goError(503, problem, mayRetry ? { "Retry-After": String(seconds) } : {});
  }

  async #refresh(clientId: string | undefined, resource: string): Promise<RefreshResult> {
    return await this.#parts.adal.refresh(clientId, resource, this.#parts.processSignal());
  }

  async #forward(request: SimulatedRequest): Promise<Reply> {
    if (this.#lacksHeader(request)) return missingHeader();
    const reply = await this.#parts.adal.forward(request);
    return reply ?? goError(500, `Get "http://169.254.169.254${request.path}": connection reset by peer`);
  }
}

function namedIdentity({ query }: SimulatedRequest): NamedIdentity {
  return {
    clientId: query.get("client_id") ?? "",
    // `mi_res_id` since version 1.8.15 (aad-pod-identity pull request 1401). `object_id` is not read at all.
    resourceId: query.get("msi_res_id") ?? query.get("mi_res_id") ?? "",
  };
}

/** The one error that is JSON: NMI copies what IMDS says here. */
function missingHeader(): Reply {
  const body = { error: "invalid_request", error_description: "Required metadata header not specified" };
  return {
    status: 400,
    headers: { "Content-Type": "application/json; charset=utf-8" },
    body: `${JSON.stringify(body)}\n`,
  };
}

function refreshFailed(result: Exclude<RefreshResult, { kind: "token" }>): Reply {
  return goError(result.kind === "refused" ? 403 : 503, result.message);
}

function tokenReply(value: unknown): Reply {
  return { status: 200, headers: { "Content-Type": "application/json" }, body: JSON.stringify(value) };
}

/** Fields and their order as in NMI's `msiResponse`: no `client_id`, all strings. */
function nmiToken(body: Readonly<Record<string, unknown>>): Record<string, string> {
  const text = (field: string): string => {
    const value = body[field];
    return typeof value === "string" || typeof value === "number" ? String(value) : "";
  };
  return Object.fromEntries(
    ["access_token", "refresh_token", "expires_in", "expires_on", "not_before", "resource", "token_type"].map(
      (field) => [field, text(field)],
    ),
  );
}
