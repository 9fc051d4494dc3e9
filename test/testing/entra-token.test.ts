import { decodeJwt } from "jose";
import { describe, expect, test } from "vitest";
import { guidOf, SIMULATED_TENANT_ID } from "../../src/testing/simulated-identity.js";
import { ask, codeOf, exchange, manualEntra, post, SCOPE } from "./entra-harness.js";
import { claimsOf, json } from "./harness.js";
import type { Answer } from "./harness.js";

const described = (answer: Answer): string => String(json(answer)["error_description"]).split("\r\n")[0]!;

describe("a token", () => {
  test("comes for the pod's assertion, with the fields of Entra ID", async () => {
    const { entra, clock } = await manualEntra();
    const answer = await exchange(entra);
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      "content-type": "application/json; charset=utf-8",
      "cache-control": "no-store, no-cache",
      "x-ms-ests-server": "2.1.0 - SIM0 ProdSlices",
    });
    const body = json(answer);
    expect(body).toEqual({
      token_type: "Bearer",
      expires_in: 86_399,
      ext_expires_in: 86_399,
      access_token: body["access_token"],
    });
    expect(claimsOf(answer)).toMatchObject({
      aud: "https://vault.azure.net",
      oid: entra.identity.objectId,
      appid: entra.identity.clientId,
      tid: entra.identity.tenantId,
      xms_mirid: entra.identity.resourceId,
      exp: clock.now() / 1000 + 86_400,
      ver: "1.0",
    });
  });

  test("is another one each time", async () => {
    const { entra } = await manualEntra();
    const tokens = [json(await exchange(entra)), json(await exchange(entra))];
    expect(tokens[0]!["access_token"]).not.toBe(tokens[1]!["access_token"]);
  });

  test("comes for a secret, to an app registration that lives without an ARM ID", async () => {
    const application = { kind: "app-registration", secret: "s3cret" } as const;
    const { entra } = await manualEntra({ application });
    const fields = { client_id: entra.identity.clientId, grant_type: "client_credentials", scope: SCOPE };
    const answer = await post(entra, { ...fields, client_secret: "s3cret" });
    expect(json(answer)).toMatchObject({ expires_in: 3599 });
    expect(claimsOf(answer)).not.toHaveProperty("xms_mirid");
    expect(codeOf(await post(entra, { ...fields, client_secret: "other" }))).toBe(7_000_215);
    expect(codeOf(await post(entra, fields))).toBe(7_000_218);
  });

  test("keeps the slash that is left of the scope", async () => {
    const { entra } = await manualEntra();
    const answer = await exchange(entra, { scope: "https://database.windows.net//.default" });
    expect(claimsOf(answer)["aud"]).toBe("https://database.windows.net/");
  });

  test("may be asked for with the scopes of OpenID Connect, as Go does", async () => {
    const { entra } = await manualEntra();
    const answer = await exchange(entra, { scope: `${SCOPE} openid offline_access profile` });
    expect(claimsOf(answer)["aud"]).toBe("https://vault.azure.net");
  });

  test("is of the version that the resource takes", async () => {
    const { entra } = await manualEntra();
    entra.directory.setResource("api://orders/", { version: "2.0" });
    const claims = claimsOf(await exchange(entra, { scope: "api://orders/.default" }));
    expect(claims).toMatchObject({
      ver: "2.0",
      azp: entra.identity.clientId,
      aud: guidOf("resource api://orders"),
      iss: `https://login.microsoftonline.com/${SIMULATED_TENANT_ID}/v2.0`,
    });
    entra.directory.setResource("api://orders", { version: "2.0", audience: "the-api" });
    expect(claimsOf(await exchange(entra, { scope: "api://orders/.default" }))["aud"]).toBe("the-api");
  });

  test("is made as the options say, and as they are changed", async () => {
    const { entra } = await manualEntra({ tokens: { lifetimeMs: 3_600_000 } });
    expect(json(await exchange(entra))).toMatchObject({ expires_in: 3599 });
    entra.setTokens({ format: "opaque", lifetimeMs: undefined });
    const answer = json(await exchange(entra));
    expect(answer["access_token"]).not.toContain(".");
    expect(answer["expires_in"]).toBe(3599);
  });
});

describe("an error", () => {
  test("has the body of Entra ID, with what traces it", async () => {
    const { entra } = await manualEntra();
    const id = "11111111-1111-4111-8111-111111111111";
    const answer = await exchange(entra, { client_id: guidOf("other"), "client-request-id": id });
    const traceId = answer.headers["x-ms-request-id"];
    expect(answer.status).toBe(400);
    expect(json(answer)).toEqual({
      error: "unauthorized_client",
      error_description: [
        `AADSTS700016: Application with identifier '${guidOf("other")}' was not found in the directory '${SIMULATED_TENANT_ID}'. ` +
          "This can happen if the application has not been installed by the administrator of the tenant or consented to by " +
          "any user in the tenant. You may have sent your authentication request to the wrong tenant.",
        `Trace ID: ${traceId}`,
        `Correlation ID: ${id}`,
        "Timestamp: 2026-01-01 00:00:00Z",
      ].join("\r\n"),
      error_codes: [700_016],
      timestamp: "2026-01-01 00:00:00Z",
      trace_id: traceId,
      correlation_id: id,
      error_uri: "https://login.microsoftonline.com/error?code=700016",
    });
  });

  test.each([
    ["grant_type", 900_144, "invalid_request"],
    ["client_id", 900_144, "invalid_request"],
    ["scope", 900_144, "invalid_request"],
    ["client_assertion_type", 900_144, "invalid_request"],
  ])("says that %s is missing", async (parameter, code, error) => {
    const { entra } = await manualEntra();
    const answer = await exchange(entra, { [parameter]: undefined });
    expect([codeOf(answer), json(answer)["error"]]).toEqual([code, error]);
    expect(described(answer)).toContain(`'${parameter}'`);
  });

  test.each([
    ["another grant", { grant_type: "password" }, 70_003, "unsupported_grant_type"],
    [
      "a scope of one permission",
      { scope: "https://graph.microsoft.com/User.Read" },
      1_002_012,
      "invalid_scope",
    ],
    ["two resources", { scope: `${SCOPE} https://x/.default` }, 500_011, "invalid_resource"],
  ])("refuses %s", async (_what, fields, code, error) => {
    const { entra } = await manualEntra();
    entra.directory.removeResource("https://vault.azure.net/.default https://x");
    const answer = await exchange(entra, fields);
    expect([codeOf(answer), json(answer)["error"]]).toEqual([code, error]);
  });

  test("refuses a resource that the tenant does not know, until it does", async () => {
    const { entra } = await manualEntra();
    entra.directory.removeResource("https://vault.azure.net/");
    const answer = await exchange(entra);
    expect([answer.status, json(answer)["error"]]).toEqual([400, "invalid_resource"]);
    expect(described(answer)).toContain("The resource principal named https://vault.azure.net was not found");
    entra.directory.setResource("https://vault.azure.net", {});
    expect((await exchange(entra)).status).toBe(200);
  });

  test("refuses a tenant that is none, and an application in a tenant that is not its own", async () => {
    const { entra } = await manualEntra();
    expect(codeOf(await exchange(entra, {}, { tenant: "contoso" }))).toBe(90_002);
    const { tenantId } = entra.directory.addApplication({ tenantId: guidOf("other tenant") });
    expect(codeOf(await exchange(entra, {}, { tenant: tenantId }))).toBe(700_016);
  });

  test("refuses an application that was removed", async () => {
    const { entra } = await manualEntra();
    entra.directory.removeApplication(entra.identity);
    expect(codeOf(await exchange(entra))).toBe(700_016);
    entra.directory.addApplication(entra.identity);
    expect((await exchange(entra)).status).toBe(200);
  });

  test("refuses GET, and bodies that are too large", async () => {
    const { entra } = await manualEntra();
    expect(codeOf(await ask(entra, `/${SIMULATED_TENANT_ID}/oauth2/v2.0/token`))).toBe(900_561);
    expect((await exchange(entra, { padding: "x".repeat(70_000) })).status).toBe(413);
  });
});

describe("an assertion", () => {
  test.each([
    ["garbage", "not a JWT", 50_027],
    ["a JWT that says nothing", "e30.e30.AA", 50_027],
  ])("is refused where it is %s", async (_what, assertion, code) => {
    const { entra } = await manualEntra();
    expect(codeOf(await exchange(entra, { client_assertion: assertion }))).toBe(code);
  });

  test("is refused before and after its time, with the times in the text", async () => {
    const { entra, clock } = await manualEntra();
    const assertion = await entra.tokenFile.createToken();
    await clock.advance(3_599_000);
    expect((await exchange(entra, { client_assertion: assertion })).status).toBe(200);
    await clock.advance(1500);
    const answer = await exchange(entra, { client_assertion: assertion });
    expect([answer.status, json(answer)["error"]]).toEqual([401, "invalid_client"]);
    expect(described(answer)).toBe(
      "AADSTS700024: Client assertion is not within its valid time range. Current time: 2026-01-01T01:00:00.5000000Z, " +
        "assertion valid from 2026-01-01T00:00:00.0000000Z, expiry time of assertion 2026-01-01T01:00:00.0000000Z. Review " +
        "the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials .",
    );
    const early = await entra.tokenFile.createToken({ issuedAgoMs: -60_000 });
    expect(codeOf(await exchange(entra, { client_assertion: early }))).toBe(700_024);
  });

  test("is refused with the signature of somebody else", async () => {
    const { entra } = await manualEntra();
    const forged = await entra.tokenFile.createToken({ forged: true });
    expect(codeOf(await exchange(entra, { client_assertion: forged }))).toBe(700_027);
  });

  test("is refused with the key of somebody else", async () => {
    const { entra } = await manualEntra();
    const [, payload] = (await entra.tokenFile.createToken()).split(".");
    const header = Buffer.from(JSON.stringify({ alg: "RS256", kid: "other" })).toString("base64url");
    const answer = await exchange(entra, { client_assertion: `${header}.${payload}.AAAA` });
    expect(described(answer)).toContain(`AADSTS7000272: The certificate with identifier other`);
  });

  test("is refused while the cluster's issuer cannot be reached", async () => {
    const { entra } = await manualEntra();
    entra.cluster.setReachable(false);
    const answer = await exchange(entra);
    expect([answer.status, codeOf(answer)]).toEqual([400, 90_061]);
    expect(described(answer)).toBe("AADSTS90061: Request to External OIDC endpoint failed.");
    entra.cluster.setReachable(true);
    expect((await exchange(entra)).status).toBe(200);
  });

  test("is refused where its issuer is trusted but not there to be asked", async () => {
    const { entra } = await manualEntra();
    const issuer = "https://elsewhere/";
    entra.federatedCredentials.add(entra.identity, { issuer });
    const foreign = await entra.tokenFile.createToken({ issuer });
    expect(decodeJwt(foreign).iss).toBe(issuer);
    expect(codeOf(await exchange(entra, { client_assertion: foreign }))).toBe(90_061);
  });
});
