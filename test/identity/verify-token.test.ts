import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createExpectation, type ExpectOptions } from "../../src/identity/expectation.js";
import { MIN_TOKEN_LIFE_MS, verifyToken, type Verification } from "../../src/identity/verify-token.js";
import { CLIENT_ID, OID, OTHER_OID, RESOURCE_ID, TENANT_ID, unsignedToken } from "./unsigned-token.js";

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;
const VAULT = "https://vault.azure.net/.default";

interface Case {
  readonly claims?: object;
  readonly token?: string;
  readonly expect?: ExpectOptions;
  readonly scopes?: readonly string[];
  readonly expiresOnTimestamp?: number;
  readonly now?: number;
}

function verify(given: Case): Verification {
  const token = given.token ?? unsignedToken(given.claims ?? {});
  const { expectation } = createExpectation(given.expect ?? {}, String);
  return verifyToken(
    { token, expiresOnTimestamp: given.expiresOnTimestamp ?? NOW + HOUR },
    { scopes: given.scopes ?? [VAULT], expectation, now: given.now ?? NOW },
  );
}

const seconds = (ms: number): number => ms / 1000;

describe("whose token it is", () => {
  test.each([
    [{ oid: OID }, { objectId: OID }],
    [{ oid: OID.toUpperCase() }, { objectId: OID }],
    [{ oid: OID }, { objectId: [OTHER_OID, OID] }],
    [
      { oid: OID, tid: TENANT_ID },
      { objectId: OID, tenantId: TENANT_ID },
    ],
    [{ appid: CLIENT_ID, ver: "1.0" }, { clientId: CLIENT_ID }],
    [{ azp: CLIENT_ID, ver: "2.0" }, { clientId: CLIENT_ID }],
    [{ xms_mirid: RESOURCE_ID.toLowerCase() }, { resourceId: RESOURCE_ID }],
    [{ aud: "https://vault.azure.net/" }, { audience: { [VAULT]: "https://Vault.azure.net" } }],
    [
      { aud: "https://vault.azure.net" },
      { audience: { "https://vault.azure.net": "https://vault.azure.net/" } },
    ],
    [{ aud: "anything" }, { audience: { "https://other/.default": "aud" } }],
  ])("matches %j with %j", (claims, expected) => {
    expect(verify({ claims, expect: expected })).toMatchObject({ verdict: "match" });
  });

  test.each([
    ["oid", { oid: OTHER_OID }, { objectId: OID }],
    ["appid", { appid: OID, ver: "1.0" }, { clientId: CLIENT_ID }],
    ["azp", { azp: OID, ver: "2.0" }, { clientId: CLIENT_ID }],
    ["tid", { tid: OID }, { tenantId: TENANT_ID }],
    ["xms_mirid", { xms_mirid: `${RESOURCE_ID}2` }, { resourceId: RESOURCE_ID }],
    ["aud", { aud: "https://vault.azure.net//" }, { audience: { [VAULT]: "https://vault.azure.net" } }],
    ["aud", { aud: "https://vault.azure.net.evil" }, { audience: { [VAULT]: "https://vault.azure.net" } }],
  ])("finds the mismatch of %s", (claim, claims, expected) => {
    expect(verify({ claims, expect: expected })).toMatchObject({
      verdict: "mismatch",
      mismatches: [{ claim }],
    });
  });

  test("reports a mismatch with what was seen and what was expected, and the identity", () => {
    expect(verify({ claims: { oid: OTHER_OID }, expect: { objectId: OID } })).toEqual({
      verdict: "mismatch",
      identity: { objectId: OTHER_OID },
      mismatches: [{ claim: "oid", saw: OTHER_OID, expected: [OID] }],
    });
  });

  test("finds a mismatch before expiry, and before a claim that is missing", () => {
    const result = verify({
      claims: { oid: OTHER_OID, exp: 1 },
      expect: { objectId: OID, tenantId: TENANT_ID },
      expiresOnTimestamp: Number.NaN,
    });
    expect(result.verdict).toBe("mismatch");
  });

  test.each([
    ["opaque", { objectId: OID }],
    [unsignedToken({ appid: CLIENT_ID }), { objectId: OID }],
    [unsignedToken({ oid: OID }), { objectId: OID, tenantId: TENANT_ID }],
    [unsignedToken({ oid: 7 }), { objectId: OID }],
  ])("cannot verify %s against %j, and accepts it only where told to", (token, expected) => {
    expect(verify({ token, expect: expected }).verdict).toBe("unverifiable");
    expect(verify({ token, expect: { ...expected, unreadable: "accept" } }).verdict).toBe("match");
  });

  test("refuses a mismatch also where unreadable tokens are accepted", () => {
    const result = verify({
      claims: { oid: OTHER_OID },
      expect: { objectId: OID, tenantId: OID, unreadable: "accept" },
    });
    expect(result.verdict).toBe("mismatch");
  });

  test("asks nothing of an opaque token for a scope of which nothing is expected", () => {
    expect(verify({ token: "opaque", expect: { audience: { other: "aud" } } }).verdict).toBe("match");
  });

  test("matches an opaque token where nothing is expected", () => {
    expect(verify({ token: "opaque" })).toEqual({
      verdict: "match",
      identity: undefined,
      expiresOnTimestamp: NOW + HOUR,
    });
  });

  test.each(["", undefined, null, 7])("never matches the token %j", (token) => {
    const result = verifyToken(
      { token: token as unknown as string, expiresOnTimestamp: NOW + HOUR },
      { scopes: [VAULT], expectation: undefined, now: NOW },
    );
    expect(result.verdict).toBe("unverifiable");
  });

  test("quotes no part of the token in a problem", () => {
    const token = `${unsignedToken({ secret: 1 })}.x`;
    expect(JSON.stringify(verify({ token, expect: { objectId: OID } }))).not.toContain("eyJ");
  });

  test("never passes the token of an object ID that is not expected", () => {
    fc.assert(
      fc.property(
        fc.uuid(),
        fc.uniqueArray(fc.uuid(), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        (oid, objectId, accept) => {
          fc.pre(!objectId.includes(oid));
          const result = verify({
            claims: { oid },
            expect: { objectId, unreadable: accept ? "accept" : "reject" },
          });
          expect(result.verdict).toBe("mismatch");
        },
      ),
    );
  });
});

describe("how long it lives", () => {
  test.each([
    [NOW + HOUR, NOW + 2 * HOUR],
    [NOW + 2 * HOUR, NOW + HOUR],
    [Number.NaN, NOW + HOUR],
    [Number.POSITIVE_INFINITY, NOW + HOUR],
    [Number.NEGATIVE_INFINITY, NOW + HOUR],
  ])("takes the smaller of expires_on %d and exp %d", (expiresOnTimestamp, exp) => {
    expect(verify({ claims: { exp: seconds(exp) }, expiresOnTimestamp })).toMatchObject({
      verdict: "match",
      expiresOnTimestamp: NOW + HOUR,
    });
  });

  test.each([
    [MIN_TOKEN_LIFE_MS, "match"],
    [MIN_TOKEN_LIFE_MS - 1, "expiring"],
    [0, "expiring"],
    [-HOUR, "expiring"],
  ])("says of a life of %d ms: %s", (lifeMs, verdict) => {
    expect(verify({ expiresOnTimestamp: NOW + lifeMs }).verdict).toBe(verdict);
  });

  test("says how much life is left, negative when it is over", () => {
    expect(verify({ expiresOnTimestamp: NOW - 5 })).toEqual({ verdict: "expiring", lifeMs: -5 });
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    "cannot verify an opaque token whose expires_on is %d",
    (expiresOnTimestamp) => {
      expect(verify({ token: "opaque", expiresOnTimestamp }).verdict).toBe("unverifiable");
    },
  );

  test("never passes a token whose remaining life is not a finite 30 s or more, whatever the numbers", () => {
    const number = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Infinity, -Infinity, NOW, NOW + HOUR));
    fc.assert(
      fc.property(number, number, fc.option(number, { nil: undefined }), (expiresOnTimestamp, now, exp) => {
        const result = verify({ claims: { exp }, expiresOnTimestamp, now });
        if (result.verdict !== "match") return;
        expect(Number.isFinite(result.expiresOnTimestamp)).toBe(true);
        expect(result.expiresOnTimestamp - now).toBeGreaterThanOrEqual(MIN_TOKEN_LIFE_MS);
        expect(result.expiresOnTimestamp - now).toBeLessThan(Infinity);
      }),
      { numRuns: 1000 },
    );
  });
});
