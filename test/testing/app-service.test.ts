import { describe, expect, onTestFinished, test } from "vitest";
import { AppServiceSimulator } from "../../src/testing/app-service.js";
import type { AppServiceSimulatorOptions } from "../../src/testing/app-service.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import { claimsOf, failure, http, json } from "./harness.js";
import type { Answer } from "./harness.js";
import { asking, runSdk } from "./sdk-process.js";

const RESOURCE = "https://vault.azure.net";

async function start(
  options: AppServiceSimulatorOptions = {},
): Promise<{ appService: AppServiceSimulator; clock: ManualClock }> {
  const clock = new ManualClock({ now: Date.UTC(2026, 0, 1) });
  const appService = await AppServiceSimulator.start({ clock, ...options });
  onTestFinished(async () => await appService.close());
  return { appService, clock };
}

async function token(
  appService: AppServiceSimulator,
  parameters: Record<string, string> = {},
  headers?: Record<string, string>,
): Promise<Answer> {
  const { IDENTITY_ENDPOINT: url = "", IDENTITY_HEADER: secret = "" } = appService.environment;
  const query = new URLSearchParams({ "api-version": "2019-08-01", resource: RESOURCE, ...parameters });
  return await http(`${url}?${query.toString()}`, { headers: headers ?? { "X-IDENTITY-HEADER": secret } });
}

describe("the endpoint", () => {
  test("answers with a token of the identity that is named", async () => {
    const { appService, clock } = await start();
    const [app] = appService.identities.userAssigned;
    const answer = await token(appService, { client_id: app!.clientId });
    expect(json(answer)).toEqual({
      access_token: json(answer)["access_token"],
      expires_on: String(clock.now() / 1000 + 86_400),
      resource: RESOURCE,
      token_type: "Bearer",
      client_id: app!.clientId,
    });
    expect(claimsOf(answer)).toMatchObject({ oid: app!.objectId, aud: RESOURCE });
  });

  test.each(["client_id", "principal_id", "object_id", "mi_res_id"])("knows it by %s", async (parameter) => {
    const { appService } = await start({ userAssigned: [{ name: "one" }, { name: "two" }] });
    const two = appService.identities.userAssigned[1]!;
    const ids: Record<string, string> = { client_id: two.clientId, mi_res_id: two.resourceId };
    const answer = await token(appService, { [parameter]: ids[parameter] ?? two.objectId });
    expect(claimsOf(answer)["oid"]).toBe(two.objectId);
  });

  test("answers with the system-assigned one where none is named, and with no other", async () => {
    const { appService } = await start();
    expect((await token(appService)).status).toBe(400);
    const site = appService.identities.setSystemAssigned({ name: "site" });
    expect(claimsOf(await token(appService))["oid"]).toBe(site?.objectId);
    expect(claimsOf(await token(appService, { client_id: site!.clientId }))["oid"]).toBe(site?.objectId);
  });

  test("refuses an identity that is not assigned (any more)", async () => {
    const { appService } = await start();
    const other = appService.identities.assign({ name: "other" });
    expect((await token(appService, { client_id: other.clientId })).status).toBe(200);
    appService.identities.unassign(other);
    const answer = await token(appService, { client_id: other.clientId });
    expect(answer.status).toBe(400);
    expect(json(answer)).toMatchObject({
      statusCode: 400,
      message:
        "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.",
    });
  });

  test("refuses whoever does not know the secret", async () => {
    const { appService } = await start({ systemAssigned: {} });
    expect((await token(appService, {}, {})).status).toBe(401);
    expect((await token(appService, {}, { "X-IDENTITY-HEADER": "other" })).status).toBe(401);
  });

  test.each([
    ["api-version", "2017-09-01", 400],
    ["resource", "", 400],
  ])("refuses the %s %j", async (name, value, status) => {
    const { appService } = await start({ systemAssigned: {} });
    expect((await token(appService, { [name]: value })).status).toBe(status);
  });

  test("is at one path", async () => {
    const { appService } = await start();
    expect((await http(appService.url, { path: "/other" })).status).toBe(404);
  });

  test("keeps a token until it expires", async () => {
    const { appService, clock } = await start({ systemAssigned: {}, tokens: { lifetimeMs: 3_600_000 } });
    const first = json(await token(appService))["access_token"];
    await clock.advance(3_599_000);
    expect(json(await token(appService))["access_token"]).toBe(first);
    await clock.advance(1000);
    expect(json(await token(appService))["access_token"]).not.toBe(first);
  });

  test("has faults and a log without its secret", async () => {
    const { appService } = await start({ systemAssigned: {} });
    appService.faults.next("app-service", { kind: "reset" });
    expect(await failure(token(appService))).toBe("ECONNRESET");
    expect((await token(appService)).status).toBe(200);
    expect(appService.requests).toMatchObject([
      { answeredBy: "app-service", outcome: "cut" },
      { path: "/msi/token", headers: { "x-identity-header": "REDACTED" }, status: 200 },
    ]);
    const { IDENTITY_HEADER: secret = "" } = appService.environment;
    expect(JSON.stringify(appService.requests)).not.toContain(secret);
  });
});

describe("the Azure SDK", () => {
  test.each([
    ["the system-assigned identity", "", "site"],
    ["an identity by client ID", "environment.ID", "app"],
    ["an identity by object ID", "{ objectId: environment.OBJECT_ID }", "app"],
    ["an identity by ARM ID", "{ resourceId: environment.RESOURCE_ID }", "app"],
  ])("gets a token of %s", async (_what, options, name) => {
    await using appService = await AppServiceSimulator.start({ systemAssigned: { name: "site" } });
    const [app] = appService.identities.userAssigned;
    const ids = { ID: app!.clientId, OBJECT_ID: app!.objectId, RESOURCE_ID: app!.resourceId };
    const claims = await runSdk(asking(`new identity.ManagedIdentityCredential(${options})`), {
      ...appService.environment,
      ...ids,
    });
    const expected = name === "site" ? appService.identities.systemAssigned : app;
    expect(claims["oid"]).toBe(expected!.objectId);
  });

  test("reports what the endpoint says of an identity that is not there", async () => {
    await using appService = await AppServiceSimulator.start();
    const program = asking("new identity.ManagedIdentityCredential()");
    expect(await runSdk(program, appService.environment)).toMatchObject({
      error: "CredentialUnavailableError",
      message: expect.stringContaining("No User Assigned or Delegated Managed Identity found") as unknown,
    });
    expect(appService.requests.map(({ status }) => status)).toEqual([400]);
  });
});
