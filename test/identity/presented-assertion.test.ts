import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readAssertion } from "../../src/identity/assertion-claims.js";
import { describeAssertion, presentedIn, sayPresented } from "../../src/identity/presented-assertion.js";
import { unsignedToken } from "./unsigned-token.js";

const ISSUER =
  "https://eastus.oic.prod-aks.azure.com/72f988bf-86f1-41af-91ab-2d7cd011db47/8a5a3c5e-1111-4111-8111-111111111111/";
const SUBJECT = `system:serviceaccount:a-namespace-of-many-words:${"an-account-with-a-long-name".repeat(3)}`;
const AUDIENCE = "api://AzureADTokenExchange";

describe("what an error says was presented", () => {
  test.each([
    [
      `AADSTS70021: No matching federated identity record found for presented assertion. Assertion Issuer: '${ISSUER}'. Assertion Subject: '${SUBJECT}'. Assertion Audience: '${AUDIENCE}'. Trace ID: x`,
      `; presented: issuer ${ISSUER}, subject ${SUBJECT}, audience ${AUDIENCE}`,
    ],
    [
      `AADSTS700211: No matching federated identity record found for presented assertion issuer '${ISSUER}'.`,
      `; presented: issuer ${ISSUER}`,
    ],
    [
      `AADSTS700213: No matching federated identity record found for presented assertion subject '${SUBJECT}'. Please note`,
      `; presented: subject ${SUBJECT}`,
    ],
    [
      "presented assertion issuer 'https://a-bucket-with-a-name-of-many-many-words.s3.amazonaws.com'.",
      "; presented: issuer https://a-bucket-with-a-name-of-many-many-words.s3.amazonaws.com",
    ],
    [`AADSTS700212: ... presented assertion audience '${AUDIENCE}'.`, `; presented: audience ${AUDIENCE}`],
    ["AADSTS90061: Request to External OIDC endpoint failed.", ""],
    ["Assertion Issuer: ''", ""],
  ])("%s", (text, said) => {
    expect(sayPresented(presentedIn(text))).toBe(said);
  });

  test("is no place for a token", () => {
    const token = unsignedToken({ sub: "x".repeat(60) });
    for (const claim of ["Issuer", "Subject", "Audience"]) {
      expect(sayPresented(presentedIn(`Assertion ${claim}: '${token}'`))).not.toContain(token.slice(20));
    }
  });

  test("is bounded, and on one line whatever was presented", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 600 }), (value) => {
        const said = sayPresented(presentedIn(`Assertion Subject: '${value}'`));
        expect(said.length).toBeLessThanOrEqual(350);
        expect(said).not.toMatch(/[\n\r\u2028]/u);
      }),
    );
  });
});

describe("what a service account token says", () => {
  test("is read without checking the signature", () => {
    const token = unsignedToken({ iss: ISSUER, sub: SUBJECT, aud: [AUDIENCE, 5], exp: 1_700_000_000 });
    expect(readAssertion(token)).toEqual({
      issuer: ISSUER,
      subject: SUBJECT,
      audience: [AUDIENCE],
      expiresAt: 1_700_000_000_000,
    });
    expect(describeAssertion(readAssertion(token) ?? {})).toContain(ISSUER);
  });

  test.each(["", "x", "a.b.c", "e30", "e30.e30"])("is nothing where it is no JWT: %j", (text) => {
    expect(readAssertion(text)).toBeUndefined();
  });

  test("leaves out what is no single line, and no number", () => {
    expect(readAssertion(unsignedToken({ iss: "a\nb", sub: {}, aud: [], exp: "soon" }))).toEqual({});
  });
});
