import { ClientAssertionCredential, WorkloadIdentityCredential } from "@azure/identity";
import { describe, expect, test } from "vitest";
import { EntraSimulator } from "../../src/testing/entra.js";
import { NodeSimulator } from "../../src/testing/node-simulator.js";
import { SCOPE } from "./entra-harness.js";
import { asking, runSdk } from "./sdk-process.js";

const PUBLIC = { AZURE_AUTHORITY_HOST: "https://login.microsoftonline.com/" };
const WORKLOAD = "new identity.WorkloadIdentityCredential()";

/** What was asked for, by the last part of each path, and the host that it was asked at. */
function asked(entra: EntraSimulator): unknown {
  return entra.requests.map(({ path, headers }) => [path.split("/").at(-1), headers.host?.split(":")[0]]);
}

describe("a credential of an application that knows nothing of simulators", () => {
  test.each([
    ["WorkloadIdentityCredential", WORKLOAD],
    ["DefaultAzureCredential", "new identity.DefaultAzureCredential()"],
    ["ManagedIdentityCredential", "new identity.ManagedIdentityCredential(environment.AZURE_CLIENT_ID)"],
    [
      "ClientAssertionCredential",
      "new identity.ClientAssertionCredential(environment.AZURE_TENANT_ID, environment.AZURE_CLIENT_ID, " +
        "async () => (await import('node:fs')).readFileSync(environment.AZURE_FEDERATED_TOKEN_FILE, 'utf8'))",
    ],
    [
      "ClientSecretCredential",
      "new identity.ClientSecretCredential(environment.AZURE_TENANT_ID, environment.AZURE_CLIENT_ID, 's3cret')",
    ],
  ])("%s gets its token", async (_name, expression) => {
    await using entra = await EntraSimulator.start({ application: { name: "app", secret: "s3cret" } });
    const claims = await runSdk(asking(expression), entra.environment);
    expect(claims).toMatchObject({ oid: entra.identity.objectId, aud: "https://vault.azure.net" });
    expect(Number(claims["expiresOnTimestamp"])).toBeGreaterThan(Date.now() + 86_300_000);
    expect(entra.egress.refused).toEqual([]);
  });

  test("asks login.microsoftonline.com whether to trust an authority that it does not know", async () => {
    await using entra = await EntraSimulator.start();
    await runSdk(asking(WORKLOAD), entra.environment);
    expect(asked(entra)).toEqual([
      ["instance", "login.microsoftonline.com"],
      ["openid-configuration", "127.0.0.1"],
      ["token", "127.0.0.1"],
    ]);
  });

  test("asks for no discovery where the authority is the public cloud's, as it is on AKS", async () => {
    await using entra = await EntraSimulator.start();
    await runSdk(asking(WORKLOAD), { ...entra.environment, ...PUBLIC });
    expect(asked(entra)).toEqual([["token", "login.microsoftonline.com"]]);
  });

  test("needs no proxy without instance discovery", async () => {
    await using entra = await EntraSimulator.start();
    const { HTTPS_PROXY: _proxy, ...environment } = entra.environment;
    const expression = "new identity.WorkloadIdentityCredential({ disableInstanceDiscovery: true })";
    expect((await runSdk(asking(expression), environment))["oid"]).toBe(entra.identity.objectId);
    expect(asked(entra)).toEqual([
      ["openid-configuration", "127.0.0.1"],
      ["token", "127.0.0.1"],
    ]);
  });

  test("finds no endpoints without the certificate", async () => {
    await using entra = await EntraSimulator.start();
    const { NODE_EXTRA_CA_CERTS: _ca, ...environment } = entra.environment;
    expect(await runSdk(asking(WORKLOAD), environment)).toMatchObject({
      error: "CredentialUnavailableError",
      message: expect.stringContaining("endpoints_resolution_error") as unknown,
    });
  });
});

describe("a failure, as the SDK tells it", () => {
  // The name makes a chain go on to its next credential: what this library is against.
  const spoilers: readonly (readonly [string, (entra: EntraSimulator) => void | Promise<void>])[] = [
    [
      "a missing federated credential",
      (entra: EntraSimulator) => entra.federatedCredentials.remove(entra.identity),
    ],
    ["an unreachable issuer", (entra: EntraSimulator) => entra.cluster.setReachable(false)],
    [
      "a stale token",
      async (entra: EntraSimulator) => await entra.tokenFile.rotate({ issuedAgoMs: 7_200_000 }),
    ],
    ["garbage for a token", (entra: EntraSimulator) => entra.tokenFile.write("garbage")],
    ["a missing file", (entra: EntraSimulator) => entra.tokenFile.remove()],
    ["an unreadable file", (entra: EntraSimulator) => entra.tokenFile.makeUnreadable()],
  ];

  test.each(spoilers)("is an AuthenticationRequiredError for %s", async (_what, spoil) => {
    await using entra = await EntraSimulator.start();
    await spoil(entra);
    const answer = await runSdk(asking(WORKLOAD), { ...entra.environment, ...PUBLIC });
    expect(answer["error"]).toBe("AuthenticationRequiredError");
    expect(answer["message"]).toMatch(/AADSTS(70021|90061|700024|50027): |ENOENT|EISDIR|EACCES/);
  });

  test("has the subject and the issuer that were presented in its message", async () => {
    await using entra = await EntraSimulator.start({ federatedCredentials: [{ subject: "other" }] });
    const answer = await runSdk(asking(WORKLOAD), { ...entra.environment, ...PUBLIC });
    expect(answer["message"]).toContain("presented assertion subject 'system:serviceaccount:default:app'");
  });

  test("makes DefaultAzureCredential present the same assertion a second time, and go on", async () => {
    await using entra = await EntraSimulator.start({ federatedCredentials: [] });
    await using node = await NodeSimulator.start({ nmi: { state: "down" } });
    const environment = { ...node.environment, ...entra.environment, ...PUBLIC };
    const answer = await runSdk(asking("new identity.DefaultAzureCredential()"), environment);
    expect(answer["error"]).toBe("AggregateAuthenticationError");
    expect(entra.counters.tokenRequests).toBe(2);
    expect(node.requests).toEqual([]);
  });

  test("comes after four requests for 429 with Retry-After, after one without", async () => {
    await using entra = await EntraSimulator.start();
    const environment = { ...entra.environment, ...PUBLIC };
    const throttled = { kind: "status", status: 429, body: { error: "too_many_requests" } } as const;
    entra.faults.always("entra-token", throttled);
    await runSdk(asking(WORKLOAD), environment);
    expect(entra.requests).toHaveLength(1);
    entra.faults.always("entra-token", { ...throttled, headers: { "Retry-After": "0" } });
    await runSdk(asking(WORKLOAD), environment);
    expect(entra.requests).toHaveLength(5);
  });
});

describe("in one process with the simulator", () => {
  test("credentials trust it through their options", async () => {
    await using entra = await EntraSimulator.start();
    const credential = new WorkloadIdentityCredential({
      tenantId: entra.identity.tenantId,
      clientId: entra.identity.clientId,
      tokenFilePath: entra.tokenFile.path,
      authorityHost: entra.authorityHost,
      disableInstanceDiscovery: true,
      tlsOptions: { ca: entra.caCertificate },
    });
    expect((await credential.getToken(SCOPE)).expiresOnTimestamp).toBeGreaterThan(Date.now());
  });

  test("a claims challenge brings a new token, which stays", async () => {
    await using entra = await EntraSimulator.start();
    const { tenantId, clientId } = entra.identity;
    const assertion = async (): Promise<string> => await entra.tokenFile.createToken();
    const credential = new ClientAssertionCredential(tenantId, clientId, assertion, {
      authorityHost: entra.authorityHost,
      disableInstanceDiscovery: true,
      tlsOptions: { ca: entra.caCertificate },
    });
    const cae = { enableCae: true };
    const first = await credential.getToken(SCOPE, cae);
    expect((await credential.getToken(SCOPE, cae)).token).toBe(first.token);
    entra.revocation.revokeAll();
    const second = await credential.getToken(SCOPE, { ...cae, claims: entra.revocation.claims });
    expect([entra.revocation.isRevoked(first.token), entra.revocation.isRevoked(second.token)]).toEqual([
      true,
      false,
    ]);
    expect((await credential.getToken(SCOPE, cae)).token).toBe(second.token);
    const claims: unknown = JSON.parse(entra.requests.at(-1)?.form?.["claims"] ?? "{}");
    expect(claims).toMatchObject({
      access_token: { nbf: { essential: true }, xms_cc: { values: ["cp1"] } },
    });
  });
});
