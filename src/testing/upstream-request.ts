import { request as requestHttp } from "node:http";
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import { request as requestHttps } from "node:https";
import { readBody } from "./read-body.js";

export interface UpstreamRequest {
  readonly method: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body?: string;
  /** Certificate to trust, PEM. */
  readonly ca?: string;
  readonly signal: AbortSignal;
}

export interface UpstreamResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const MAX_BYTES = 1024 * 1024;

/** A request from one simulated part to another, on a connection of its own. Rejects where there is no whole answer. */
export async function sendUpstream(url: string, request: UpstreamRequest): Promise<UpstreamResponse> {
  const { method, headers, body, ca, signal } = request;
  const send = url.startsWith("https:") ? requestHttps : requestHttp;
  return await new Promise((resolve, reject) => {
    const options = { method, headers, signal, agent: false, ...(ca === undefined ? {} : { ca }) };
    const outgoing = send(url, options, (response) => {
      readBody(response, MAX_BYTES).then((text) => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text ?? "" });
      }, reject);
    });
    outgoing.once("error", reject);
    outgoing.end(body);
  });
}
