import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { expect, test } from "vitest";
import { mintToken, publishedKeys } from "../../src/testing/mint-token.js";

test("signs tokens that the published keys verify", async () => {
  const token = await mintToken({ oid: "11111111-1111-4111-8111-111111111111" });
  const { payload } = await jwtVerify(token, createLocalJWKSet(await publishedKeys()));
  expect(payload["oid"]).toBe("11111111-1111-4111-8111-111111111111");
});

test("publishes no private key", async () => {
  const { keys } = await publishedKeys();
  expect(Object.keys(keys[0]!).sort()).toEqual(["alg", "e", "kid", "kty", "n", "use"]);
});

test.each([
  { version: "1.0", has: "appid", lacks: "azp", issuer: /^https:\/\/sts\.windows\.net\/.+\/$/ },
  {
    version: "2.0",
    has: "azp",
    lacks: "appid",
    issuer: /^https:\/\/login\.microsoftonline\.com\/.+\/v2\.0$/,
  },
] as const)("completes the claim set of version $version", async ({ version, has, lacks, issuer }) => {
  const claims = decodeJwt(await mintToken({ appid: "client" }, { version }));
  expect(claims["ver"]).toBe(version);
  expect(claims[has]).toBe("client");
  expect(claims).not.toHaveProperty(lacks);
  expect(claims.iss).toMatch(issuer);
});

test("says the version that the claims ask for", async () => {
  expect(decodeJwt(await mintToken({ ver: "2.0" }))).toHaveProperty("azp");
});

test("expires after the life asked for", async () => {
  const now = Date.UTC(2026, 0, 1);
  const claims = decodeJwt(await mintToken({}, { now, lifetimeMs: 60_000 }));
  expect(claims.exp).toBe(now / 1000 + 60);
});

test("leaves out a claim given as undefined", async () => {
  const claims: Record<string, unknown> = decodeJwt(await mintToken({ oid: undefined as unknown as string }));
  expect(claims).not.toHaveProperty("oid");
});

test("never makes the same token twice", async () => {
  const now = Date.now();
  expect(await mintToken({}, { now })).not.toBe(await mintToken({}, { now }));
});

test("makes unsigned tokens that decode", async () => {
  const token = await mintToken({ oid: "o" }, { format: "unsigned" });
  expect(token).toMatch(/^[^.]+\.[^.]+\.$/);
  expect(decodeProtectedHeader(token).alg).toBe("none");
  expect(decodeJwt(token)["oid"]).toBe("o");
});

test("makes opaque tokens that are no JWT", async () => {
  expect(await mintToken({}, { format: "opaque" })).not.toContain(".");
});
