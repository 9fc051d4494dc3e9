import { createLocalJWKSet, jwtVerify } from "jose";
import { publishedKeys } from "../../../../src/testing/mint-token.js";
import { sendJson, startEndpoint, type Endpoint } from "../../support/endpoint.js";

/** The resource of Azure AI services. */
const AUDIENCE = "https://cognitiveservices.azure.com";
export const MODEL_SCOPE: string = `${AUDIENCE}/.default`;

/** An API of a model's completions over HTTP, and whose genuine tokens it saw, `oid` by `oid`; it admits one. */
export interface ModelApi extends Endpoint {
  readonly oids: readonly unknown[];
}

export async function startModelApi(admits: string): Promise<ModelApi> {
  const oids: unknown[] = [];
  const endpoint = await startEndpoint((request, response) => {
    void oidOf(request.headers.authorization).then((oid) => {
      oids.push(oid);
      if (oid !== admits) sendJson(response, 401, { error: { code: "PermissionDenied" } });
      else
        sendJson(response, 200, {
          choices: [{ message: { role: "assistant", content: "Light scatters." } }],
        });
    });
  });
  return Object.assign(endpoint, { oids });
}

/** Of a token that is genuine, for models, and not expired. */
async function oidOf(authorization = ""): Promise<unknown> {
  try {
    const keys = createLocalJWKSet(await publishedKeys());
    const { payload } = await jwtVerify(authorization.replace(/^Bearer /u, ""), keys, { audience: AUDIENCE });
    return payload["oid"];
  } catch {
    return undefined;
  }
}
