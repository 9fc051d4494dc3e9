import { readFileSync } from "node:fs";
import { createServer as createHttps } from "node:https";
import { request } from "node:http";
import type { AddressInfo } from "node:net";
import { connect as connectTls } from "node:tls";
import { createRemoteJWKSet, customFetch, jwtVerify } from "jose";
import { describe, expect, onTestFinished, test } from "vitest";
import { entraFault } from "../../src/testing/entra-error.js";
import { EntraSimulator } from "../../src/testing/entra.js";
import { listen } from "../../src/testing/listen.js";
import { NodeSimulator } from "../../src/testing/node-simulator.js";
import { SIMULATED_TENANT_ID } from "../../src/testing/simulated-identity.js";
import { ask, codeOf, exchange, manualEntra } from "./entra-harness.js";
import { failure, http, json } from "./harness.js";
import type { Answer } from "./harness.js";

describe("discovery", () => {
  test("describes the tenant at the name that it was asked by", async () => {
    const { entra } = await manualEntra();
    const path = `/${SIMULATED_TENANT_ID}/v2.0/.well-known/openid-configuration`;
    expect(json(await ask(entra, path))).toMatchObject({
      issuer: `https://login.microsoftonline.com/${SIMULATED_TENANT_ID}/v2.0`,
      token_endpoint: `${entra.url}/${SIMULATED_TENANT_ID}/oauth2/v2.0/token`,
      jwks_uri: `${entra.url}/${SIMULATED_TENANT_ID}/discovery/v2.0/keys`,
    });
    const named = await ask(entra, path, { headers: { Host: "login.microsoftonline.com" } });
    expect(json(named)["token_endpoint"]).toBe(
      `https://login.microsoftonline.com/${SIMULATED_TENANT_ID}/oauth2/v2.0/token`,
    );
  });

  test("describes the older endpoints, and the tenant that stands for all", async () => {
    const { entra } = await manualEntra();
    const older = await ask(entra, `/${SIMULATED_TENANT_ID}/.well-known/openid-configuration`);
    expect(json(older)["issuer"]).toBe(`https://sts.windows.net/${SIMULATED_TENANT_ID}/`);
    const shared = await ask(entra, "/common/v2.0/.well-known/openid-configuration");
    expect(json(shared)["issuer"]).toBe("https://login.microsoftonline.com/{tenantid}/v2.0");
  });

  test("knows no tenant that is none, and no other paths", async () => {
    const { entra } = await manualEntra();
    const answer = await ask(entra, "/contoso/v2.0/.well-known/openid-configuration");
    expect([answer.status, json(answer)["error"], codeOf(answer)]).toEqual([400, "invalid_tenant", 90_002]);
    expect((await ask(entra, "/x")).status).toBe(404);
  });

  test("publishes the keys of its tokens", async () => {
    const { entra, clock } = await manualEntra();
    const token = String(json(await exchange(entra))["access_token"]);
    const keys = createRemoteJWKSet(new URL(entra.jwksUrl), {
      [customFetch]: async (url: string) => new Response((await http(url, { ca: entra.caCertificate })).body),
    });
    const { payload } = await jwtVerify(token, keys, { currentDate: new Date(clock.now()) });
    expect(payload["oid"]).toBe(entra.identity.objectId);
  });

  test("trusts the authorities that it is asked about", async () => {
    const { entra } = await manualEntra();
    const metadata = async (authority: string): Promise<unknown> => {
      const query = new URLSearchParams({ "api-version": "1.1", authorization_endpoint: authority });
      return json(await ask(entra, `/common/discovery/instance?${query.toString()}`))["metadata"];
    };
    const own = new URL(entra.url).host;
    expect(await metadata(`${entra.url}/t/oauth2/v2.0/authorize`)).toContainEqual({
      preferred_network: own,
      preferred_cache: own,
      aliases: [own],
    });
    expect(await metadata("https://login.windows.net/t/oauth2/v2.0/authorize")).toHaveLength(3);
  });
});

describe("faults", () => {
  test("meet token requests, or discovery, or both", async () => {
    const { entra } = await manualEntra();
    const discovery = async (): Promise<number> =>
      (await ask(entra, "/common/v2.0/.well-known/openid-configuration")).status;
    const throttled = { kind: "status", status: 429, headers: { "Retry-After": "7" } } as const;
    entra.faults.next("entra-token", throttled);
    expect(await discovery()).toBe(200);
    const answer = await exchange(entra);
    expect([answer.status, answer.headers["retry-after"]]).toEqual([429, "7"]);
    entra.faults.next("entra-discovery", { kind: "status", status: 503 });
    expect([(await exchange(entra)).status, await discovery()]).toEqual([200, 503]);
    entra.faults.always("entra", { kind: "status", status: 500 });
    expect([(await exchange(entra)).status, await discovery()]).toEqual([500, 500]);
    expect(entra.counters).toMatchObject({ requests: 2, tokens: 1 });
  });

  test("can be errors that its state does not bring about", async () => {
    const { entra, clock } = await manualEntra();
    const details = { subject: "system:serviceaccount:default:app", now: clock.now() };
    entra.faults.next("entra-token", entraFault("AADSTS700213", details));
    const answer = await exchange(entra);
    expect([answer.status, codeOf(answer)]).toEqual([401, 700_213]);
    expect(json(answer)).toMatchObject({ error: "invalid_client", timestamp: "2026-01-01 00:00:00Z" });
    expect(json(answer)["error_description"]).toContain("subject 'system:serviceaccount:default:app'");
    expect((await exchange(entra)).status).toBe(200);
  });

  test("say what is not known of an error", async () => {
    const { entra } = await manualEntra();
    entra.faults.next("entra-token", entraFault("AADSTS50001"));
    expect(json(await exchange(entra))["error_description"]).toContain("named unknown was not found");
  });

  test("reset, cut and hang connections under TLS", async () => {
    const { entra, clock } = await manualEntra();
    entra.faults.next("entra", { kind: "reset" });
    expect(await failure(exchange(entra))).toBe("ECONNRESET");
    entra.faults.next("entra", { kind: "reset", afterBytes: 10 });
    expect(await failure(exchange(entra))).toBe("ECONNRESET");
    entra.faults.next("entra", { kind: "truncate" });
    expect(await failure(exchange(entra))).toBe("ECONNRESET");
    entra.faults.next("entra", { kind: "delay", ms: 5000 });
    const arrived = entra.nextRequest();
    const late = exchange(entra);
    expect(await arrived).toMatchObject({ outcome: "pending", form: { grant_type: "client_credentials" } });
    await clock.advance(5000);
    expect((await late).status).toBe(200);
    expect(entra.requests.map(({ outcome }) => outcome)).toEqual(["cut", "cut", "cut", "ended"]);
  });
});

describe("the log", () => {
  test("has what was asked, but neither assertion nor secret nor token", async () => {
    const { entra } = await manualEntra();
    const secrets = { client_assertion: await entra.tokenFile.createToken(), client_secret: "s3cret-value" };
    const headers = {
      "Content-Type": "application/x-www-form-urlencoded",
      Authorization: "Basic s3cret-value",
    };
    await exchange(entra, { ...secrets, claims: '{"access_token":{}}' }, { headers });
    expect(entra.requests).toMatchObject([
      {
        answeredBy: "entra",
        method: "POST",
        path: `/${SIMULATED_TENANT_ID}/oauth2/v2.0/token`,
        form: {
          client_id: entra.identity.clientId,
          client_assertion: "REDACTED",
          client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
          client_secret: "REDACTED",
          claims: '{"access_token":{}}',
        },
        headers: { authorization: "REDACTED" },
        status: 200,
      },
    ]);
    expect(JSON.stringify(entra.requests)).not.toMatch(/eyJ|s3cret/);
  });

  test("keeps the last requests only", async () => {
    const { entra } = await manualEntra({ maxRequests: 2 });
    for (let i = 0; i < 3; i += 1) await ask(entra, "/x");
    expect(entra.requests.map(({ id }) => id)).toEqual([2, 3]);
  });
});

describe("continuous access evaluation", () => {
  const CAPABLE = JSON.stringify({ access_token: { xms_cc: { values: ["cp1"] } } });
  const tokenOf = (answer: Answer): string => String(json(answer)["access_token"]);

  test("tokens say that their client takes challenges, where it does", async () => {
    const { entra } = await manualEntra();
    const claims = (token: string): unknown =>
      (JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString()) as Record<string, unknown>)[
        "xms_cc"
      ];
    expect(claims(tokenOf(await exchange(entra, { claims: CAPABLE })))).toEqual(["cp1"]);
    for (const other of [undefined, "{}", "[]", "not JSON", '{"access_token":null}']) {
      expect(claims(tokenOf(await exchange(entra, { claims: other })))).toBeUndefined();
    }
  });

  test("revokes what was issued before, not what comes after", async () => {
    const { entra, clock } = await manualEntra();
    const old = tokenOf(await exchange(entra));
    expect(entra.revocation.isRevoked(old)).toBe(false);
    await clock.advance(60_000);
    entra.revocation.revokeAll();
    const fresh = tokenOf(await exchange(entra));
    expect([entra.revocation.isRevoked(old), entra.revocation.isRevoked(fresh)]).toEqual([true, false]);
    entra.revocation.revokeAll();
    expect([entra.revocation.isRevoked(old), entra.revocation.isRevoked(fresh)]).toEqual([true, true]);
  });

  test("challenges with the time of the revocation", async () => {
    const { entra, clock } = await manualEntra();
    entra.revocation.revokeAll();
    const nbf = { essential: true, value: String(clock.now() / 1000) };
    expect(JSON.parse(entra.revocation.claims)).toEqual({ access_token: { nbf } });
    expect(entra.revocation.challenge).toBe(
      `Bearer realm="", authorization_uri="${entra.url}/${SIMULATED_TENANT_ID}/oauth2/authorize", ` +
        `error="insufficient_claims", claims="${Buffer.from(entra.revocation.claims).toString("base64")}"`,
    );
  });
});

describe("the way to it", () => {
  test("is in the environment of the pod", async () => {
    const { entra } = await manualEntra();
    expect(entra.environment).toEqual({
      AZURE_CLIENT_ID: entra.identity.clientId,
      AZURE_TENANT_ID: SIMULATED_TENANT_ID,
      AZURE_FEDERATED_TOKEN_FILE: entra.tokenFile.path,
      AZURE_AUTHORITY_HOST: `${entra.url}/`,
      NODE_EXTRA_CA_CERTS: entra.caCertificateFile,
      HTTPS_PROXY: entra.egress.url,
      NO_PROXY: "127.0.0.1,localhost,169.254.169.254",
    });
    expect(entra.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect(readFileSync(entra.caCertificateFile, "utf8")).toBe(entra.caCertificate);
  });

  test("names the identity that the simulated node has for the pod", async () => {
    const { entra } = await manualEntra();
    await using node = await NodeSimulator.start();
    expect(entra.identity).toEqual(node.identity);
  });

  test("is closed to clients that do not trust it", async () => {
    const { entra } = await manualEntra();
    expect(await failure(http(entra.url, {}))).toBe("UNABLE_TO_VERIFY_LEAF_SIGNATURE");
    expect(entra.requests).toEqual([]);
  });

  /** The status of CONNECT, and the certificate's names at the other end of the tunnel. */
  async function tunnel(entra: EntraSimulator, host: string, port = 443): Promise<unknown> {
    return await new Promise((resolve, reject) => {
      const proxy = new URL(entra.egress.url);
      const options = { host: proxy.hostname, port: proxy.port, method: "CONNECT", path: `${host}:${port}` };
      const outgoing = request(options);
      outgoing.once("error", reject);
      outgoing.once("connect", (response, socket) => {
        if (response.statusCode !== 200) {
          socket.destroy();
          resolve(response.statusCode);
          return;
        }
        const secure = connectTls({ socket, servername: host, ca: entra.caCertificate }, () => {
          resolve(secure.getPeerCertificate().subjectaltname);
          secure.destroy();
        });
        secure.once("error", reject);
      });
      outgoing.end();
    });
  }

  test("leads through a proxy from the names of Entra ID, and from nowhere else", async () => {
    const { entra } = await manualEntra();
    expect(await tunnel(entra, "login.microsoftonline.com")).toContain("DNS:login.microsoftonline.com");
    expect(await tunnel(entra, "LOGIN.MICROSOFTONLINE.US")).toContain("DNS:login.microsoftonline.us");
    expect(await tunnel(entra, "example.com")).toBe(403);
    expect(await tunnel(entra, "login.microsoftonline.com", 80)).toBe(403);
    expect((await http(entra.egress.url, { path: "http://example.com/" })).status).toBe(403);
    expect(entra.egress.refused).toEqual([
      "example.com:443",
      "login.microsoftonline.com:80",
      "http://example.com/",
    ]);
  });

  test("leads to a server of the test's own, with a certificate that clients trust", async () => {
    const { entra } = await manualEntra();
    const server = createHttps(entra.issueCertificate(["shop.vault.azure.net"]), (_, response) =>
      response.end(),
    );
    await listen(server, "127.0.0.1", 0);
    onTestFinished(() => void server.close());
    entra.egress.route("shop.vault.azure.net", { port: (server.address() as AddressInfo).port });
    expect(await tunnel(entra, "shop.vault.azure.net")).toBe("DNS:shop.vault.azure.net");
  });

  test("breaks where the route leads to nobody", async () => {
    const { entra } = await manualEntra();
    entra.egress.route("gone.vault.azure.net", { port: 1 });
    await expect(tunnel(entra, "gone.vault.azure.net")).rejects.toThrow("socket hang up");
  });
});

test("ends everything when it closes, and may be closed twice", async () => {
  const entra = await EntraSimulator.start();
  entra.faults.always("entra", { kind: "hang" });
  const [held, arrived] = [failure(exchange(entra)), entra.nextRequest()];
  await arrived;
  const waiting = expect(entra.nextRequest()).rejects.toThrow("closed");
  await entra.close();
  await entra.close();
  expect(await held).toBe("ECONNRESET");
  await waiting;
  expect(await failure(ask(entra, "/"))).toBe("ECONNREFUSED");
  expect(await failure(http(entra.egress.url))).toBe("ECONNREFUSED");
});

test("does not start where it cannot listen", async () => {
  await expect(EntraSimulator.start({ host: "192.0.2.1" })).rejects.toMatchObject({ code: "EADDRNOTAVAIL" });
});
