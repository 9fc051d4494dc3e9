import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHttpHeaders, type HttpClient, type PipelineRequest } from "@azure/core-rest-pipeline";
import { afterEach, beforeEach, vi } from "vitest";
import { RIGHT, unsignedToken, WRONG } from "./world.js";

export const TENANT = "33333333-3333-4333-8333-333333333333";

/** Entra ID as far as the SDK asks it here: every request is answered with a token, or with what discovery wants. */
export function entra(sent: PipelineRequest[]): HttpClient {
  return {
    sendRequest: async (request) => {
      sent.push(request);
      const issuer = `https://login.microsoftonline.com/${TENANT}`;
      const body = request.url.includes("openid-configuration")
        ? {
            authorization_endpoint: `${issuer}/authorize`,
            token_endpoint: `${issuer}/oauth2/v2.0/token`,
            issuer,
            jwks_uri: issuer,
          }
        : {
            access_token: unsignedToken(RIGHT, Date.now() + 3_600_000),
            expires_in: 3_600,
            token_type: "Bearer",
          };
      return { request, status: 200, headers: createHttpHeaders(), bodyAsText: JSON.stringify(body) };
    },
  };
}

/** For each test what the webhook injects, but for the client ID, and a service account token in its file. */
export function injectEach(): void {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "federated-"));
    writeFileSync(join(folder, "token"), unsignedToken(WRONG, Date.now() + 3_600_000));
    vi.stubEnv("AZURE_FEDERATED_TOKEN_FILE", join(folder, "token"));
    vi.stubEnv("AZURE_TENANT_ID", TENANT);
    vi.stubEnv("KUBERNETES_SERVICE_HOST", "10.0.0.1");
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
    rmSync(folder, { recursive: true });
  });
}
