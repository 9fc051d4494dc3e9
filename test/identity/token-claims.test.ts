import { describe, expect, test } from "vitest";
import { readClaims } from "../../src/identity/token-claims.js";
import { CLIENT_ID, OID, OTHER_OID, RESOURCE_ID, TENANT_ID, unsignedToken } from "./unsigned-token.js";

const identityOf = (claims: object): unknown => readClaims(unsignedToken(claims))?.identity;

describe("readClaims", () => {
  test("reads the claims that identify, and times in milliseconds", () => {
    const token = unsignedToken({
      oid: OID,
      appid: CLIENT_ID,
      tid: TENANT_ID,
      xms_mirid: RESOURCE_ID,
      aud: "https://vault.azure.net",
      ver: "1.0",
      exp: 1_700_000_000,
      nbf: 1_600_000_000,
      name: "not an identifier",
    });
    expect(readClaims(token)).toEqual({
      identity: {
        objectId: OID,
        clientId: CLIENT_ID,
        tenantId: TENANT_ID,
        resourceId: RESOURCE_ID,
        audience: ["https://vault.azure.net"],
        version: "1.0",
      },
      expiresAt: 1_700_000_000_000,
      notBefore: 1_600_000_000_000,
    });
  });

  test.each([
    ["1.0", { appid: CLIENT_ID, azp: OTHER_OID }],
    ["2.0", { appid: OTHER_OID, azp: CLIENT_ID }],
    ["1.0", { azp: CLIENT_ID }],
    ["2.0", { appid: CLIENT_ID }],
    [undefined, { appid: CLIENT_ID }],
  ])("takes the client ID of version %s from %j", (ver, claims) => {
    expect(identityOf({ ver, ...claims })).toMatchObject({ clientId: CLIENT_ID });
  });

  test.each([
    { oid: 7 },
    { oid: null },
    { oid: [OID] },
    { oid: { a: OID } },
    { oid: "" },
    { oid: "two\nlines" },
    { oid: "x".repeat(1025) },
    { aud: 7 },
    { aud: [] },
    { aud: [7] },
  ])("ignores %j", (claims) => {
    expect(identityOf(claims)).toEqual({});
  });

  test("reads a list of audiences", () => {
    expect(identityOf({ aud: ["a", 7, "b"] })).toEqual({ audience: ["a", "b"] });
  });

  test.each(["1700000000", null, true])("ignores the expiry %j", (exp) => {
    expect(readClaims(unsignedToken({ exp }))).not.toHaveProperty("expiresAt");
  });

  test("ignores an expiry too large for a number", () => {
    const payload = Buffer.from('{"exp":1e400}').toString("base64url");
    expect(readClaims(`e30.${payload}.`)).toEqual({ identity: {} });
  });

  test.each([
    "",
    "opaque",
    "a.b",
    "a.b.c",
    "a.b.c.d.e",
    `e30.${Buffer.from("[]").toString("base64url")}.`,
    "e30.e30",
  ])("says that %j is unreadable", (token) => {
    expect(readClaims(token)).toBeUndefined();
  });
});
