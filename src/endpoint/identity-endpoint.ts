import {
  createEmptyPipeline,
  createHttpHeaders,
  createPipelineRequest,
  logPolicy,
  setClientRequestIdPolicy,
  tracingPolicy,
  userAgentPolicy,
  type HttpClient,
  type Pipeline,
  type PipelinePolicy,
  type PipelineResponse,
} from "@azure/core-rest-pipeline";
import type { OperationTracingOptions } from "@azure/core-tracing";
import type { Debugger } from "@azure/logger";
import type { Clock } from "../clock.js";
import { redact } from "../identity/redact.js";
import { logger } from "../logger.js";
import type { Provenance } from "../retry/attempt-failure.js";
import { answerFailure, defectFailure, exchangeFailure } from "./answer-failure.js";
import { provenanceOf } from "./provenance.js";
import { parseJson, readTokenResponse } from "./token-response.js";

/**
 * Which managed identity is asked for. NMI does not read `object_id` and treats such a request as one without any
 * id (aad-pod-identity pkg/nmi/server/server.go): the pod's first identity answers. The migration proxy reads
 * `client_id` only (azure-workload-identity pkg/proxy/proxy.go).
 */
export type ManagedIdentityId =
  | { readonly kind: "default" }
  | { readonly kind: "clientId" | "resourceId" | "objectId"; readonly value: string };

/** A token as the endpoint sent it, not verified yet. */
export interface EndpointToken {
  readonly token: string;
  /** Milliseconds since the Unix epoch. */
  readonly expiresOnTimestamp: number;
  /** Milliseconds since the Unix epoch; only where the endpoint says so. */
  readonly refreshAfterTimestamp?: number;
  readonly tokenType: "Bearer";
  readonly provenance: Provenance;
  readonly status: number;
}

export interface IdentityEndpoint {
  /** The token URL, without query. */
  readonly url: string;
  /**
   * One token request; never repeated, redirected or cached. Rejects with an {@link AttemptFailure} whose evidence is
   * of kind `answer` or `transport`, or with `signal.reason` as soon as `signal` aborts.
   */
  requestToken(
    resource: string,
    options: { signal: AbortSignal; tracingOptions?: OperationTracingOptions },
  ): Promise<EndpointToken>;
}

/** The path of IMDS, which NMI and the migration proxy take over. */
export const TOKEN_PATH = "/metadata/identity/oauth2/token";

/** The version that NMI itself uses towards IMDS (go-autorest autorest/adal/token.go). */
const API_VERSION = "2018-02-01";

const PARAMETER_NAMES: Readonly<Record<Exclude<ManagedIdentityId["kind"], "default">, string>> = {
  clientId: "client_id",
  resourceId: "msi_res_id",
  objectId: "object_id",
};

/** The header fields of an answer that somebody reads, here or in a log. */
const KNOWN_HEADERS: readonly string[] = [
  "server",
  "retry-after",
  "retry-after-ms",
  "x-ms-retry-after-ms",
  "content-type",
  "content-length",
  "date",
  "x-ms-request-id",
];

/** `logPolicy` writes all header fields of an answer as they are, unlike those of a request. */
const KNOWN_HEADERS_ONLY: PipelinePolicy = {
  name: "knownHeadersOnly",
  async sendRequest(request, next) {
    const response = await next(request);
    const known = KNOWN_HEADERS.flatMap((name) => {
      const value = response.headers.get(name);
      return value === undefined ? [] : [[name, redact(value)] as const];
    });
    return { ...response, headers: createHttpHeaders(Object.fromEntries(known)) };
  },
};

const USER_AGENT = { userAgentPrefix: "azure-identity-guard" };

/**
 * The identity endpoint at `metadataUrl`, whoever answers there: NMI, the migration proxy or IMDS.
 * Logs requests, status and harmless headers at level `info`; a body or a token at no level.
 */
export function createIdentityEndpoint(
  options: { metadataUrl: string; identity: ManagedIdentityId; logger?: { readonly info: Debugger } },
  ports: { clock: Clock; send: HttpClient },
): IdentityEndpoint {
  const { clock, send } = ports;
  const url = options.metadataUrl.replace(/\/+$/u, "") + TOKEN_PATH;
  const pipeline = createPipeline(options.logger?.info ?? logger.info);
  return {
    url,
    async requestToken(resource, { signal, tracingOptions }) {
      signal.throwIfAborted();
      const request = createPipelineRequest({
        url: `${url}?${query(resource, options.identity)}`,
        headers: createHttpHeaders({ Metadata: "true" }),
        abortSignal: signal,
        allowInsecureConnection: true, // link-local: nobody serves it over TLS
      });
      // `createPipelineRequest` has an option for it, and does not look at it.
      if (tracingOptions !== undefined) request.tracingOptions = tracingOptions;
      let response: PipelineResponse;
      try {
        response = await pipeline.sendRequest(send, request);
      } catch (error) {
        signal.throwIfAborted();
        throw exchangeFailure(error, clock.now());
      }
      return readToken(response, clock.now());
    },
  };
}

/** Policies for retries, redirects, proxies and decompression are left out on purpose. */
function createPipeline(log: Debugger): Pipeline {
  const pipeline = createEmptyPipeline();
  pipeline.addPolicy(userAgentPolicy(USER_AGENT));
  pipeline.addPolicy(setClientRequestIdPolicy());
  pipeline.addPolicy(tracingPolicy(USER_AGENT));
  pipeline.addPolicy(logPolicy({ logger: log }));
  pipeline.addPolicy(KNOWN_HEADERS_ONLY);
  return pipeline;
}

function query(resource: string, identity: ManagedIdentityId): string {
  const parameters = new URLSearchParams({ "api-version": API_VERSION, resource });
  if (identity.kind !== "default") parameters.set(PARAMETER_NAMES[identity.kind], identity.value);
  return parameters.toString();
}

function readToken(response: PipelineResponse, now: number): EndpointToken {
  const { status } = response;
  const text = response.bodyAsText ?? "";
  const body = parseJson(text);
  const provenance = provenanceOf({ status, server: response.headers.get("server"), body });
  if (status < 200 || status > 299) throw answerFailure(response, { provenance, text, body, now });
  const found = readTokenResponse(body, now);
  if (found === undefined) {
    throw defectFailure(status, provenance, body === undefined ? "not-json" : "no-token");
  }
  return { ...found, tokenType: "Bearer", provenance, status };
}
