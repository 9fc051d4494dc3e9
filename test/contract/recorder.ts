import { createHttpHeaders, type HttpClient } from "@azure/core-rest-pipeline";
import { startEndpoint, type Endpoint } from "../integration/support/endpoint.js";
import { TENANT } from "./environment.js";

/** An answer of nobody's: what was asked for counts, and that both sides make the same of it. */
const REFUSAL = { error: "invalid_request", error_description: "AADSTS7000215: nobody is here" };
const AUTHORITY = `https://login.microsoftonline.com/${TENANT}`;

/** What one side asked for. */
export interface Recorder {
  /** For the option of that name. */
  readonly httpClient: HttpClient;
  /** Of each request its URL and the fields of its form, but for the assertion and the ID, which are new each time. */
  readonly seen: readonly string[];
}

/** Answers everything without any network: Entra ID knows itself, and refuses; there is no managed identity. */
export function recorder(): Recorder {
  const seen: string[] = [];
  const httpClient: HttpClient = {
    sendRequest: async (request) => {
      const form = new URLSearchParams(typeof request.body === "string" ? request.body : "");
      form.delete("client_assertion");
      const url = new URL(request.url);
      for (const each of [form, url.searchParams]) each.delete("client-request-id");
      seen.push(`${request.method} ${url.href} ${form.toString()}`);
      const [status, body] = answerTo(request.url);
      const headers = createHttpHeaders({ "content-type": "application/json" });
      return await Promise.resolve({ request, status, headers, bodyAsText: JSON.stringify(body) });
    },
  };
  return { httpClient, seen };
}

function answerTo(url: string): readonly [number, object] {
  if (url.includes("/discovery/instance")) {
    const [name, other] = ["login.microsoftonline.com", "login.windows.net"];
    const metadata = [{ preferred_network: name, preferred_cache: other, aliases: [name, other] }];
    const tenant_discovery_endpoint = `${AUTHORITY}/v2.0/.well-known/openid-configuration`;
    return [200, { tenant_discovery_endpoint, "api-version": "1.1", metadata }];
  }
  if (url.includes("openid-configuration")) {
    return [
      200,
      {
        token_endpoint: `${AUTHORITY}/oauth2/v2.0/token`,
        authorization_endpoint: `${AUTHORITY}/oauth2/v2.0/authorize`,
        issuer: `${AUTHORITY}/v2.0`,
        jwks_uri: `${AUTHORITY}/discovery/v2.0/keys`,
      },
    ];
  }
  return [400, REFUSAL];
}

/** The identity endpoint that `AZURE_POD_IDENTITY_AUTHORITY_HOST` names: some chains lose the option `httpClient`. */
export async function startRefusing(): Promise<Endpoint> {
  return await startEndpoint((_request, response) => {
    response.writeHead(400, { "Content-Type": "application/json" }).end(JSON.stringify(REFUSAL));
  });
}
