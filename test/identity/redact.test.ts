import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { redact } from "../../src/identity/redact.js";
import { OID, unsignedToken } from "./unsigned-token.js";

const SECRET = "s3cret.Value";

describe("redact", () => {
  test.each([
    ["JSON", `{"access_token":"${SECRET}","expires_in":"1"}`],
    ["JSON with spaces", `{ "access_token" : "${SECRET}" }`],
    ["JSON over several lines", `{\n  "access_token":\n    "${SECRET}"\n}`],
    ["JSON inside a JSON string", `{"error":"{\\"access_token\\":\\"${SECRET}\\",\\"a\\":1}"}`],
    ["JSON with an escaped quote in the value", `{"client_secret":"a\\"${SECRET}"}`],
    ["JSON that was cut off", `{"access_token":"${SECRET}`],
    ["JSON with a list", `{"access_token":["${SECRET}"]}`],
    ["a dump of an object", `{ accessToken: '${SECRET}' }`],
    ["a form", `grant_type=x&client_assertion=${SECRET}&scope=y`],
    ["a query", `http://h/?refresh_token=${SECRET}`],
    ["an encoded query", `http%3A%2F%2Fh%3Fid_token%3D${SECRET}`],
    ["encoded JSON", `%7B%22access_token%22%3A%22${SECRET}%22%7D`],
    ["a secret", `client_secret=${SECRET}`],
    ["an assertion", `assertion=${SECRET}`],
    ["a header", `Authorization: Bearer ${SECRET}-and-more`],
    ["App Service's header", `X-IDENTITY-HEADER: ${SECRET}`],
  ])("removes the value of a secret field from %s", (_, text) => {
    expect(redact(text)).not.toContain(SECRET);
  });

  test("leaves the fields around a secret as they are", () => {
    const text = redact(`{"access_token":"${SECRET}","expires_in":"3599","resource":"r"}`);
    expect(text).toBe('{"access_token":[redacted],"expires_in":"3599","resource":"r"}');
  });

  test("leaves the type of an assertion and the text of a failure as they are", () => {
    const text = `adal: Refresh request failed. Status Code = '400'. Response body: {"error":"invalid_request","error_description":"Identity not found"} client_assertion_type=jwt`;
    expect(redact(text)).toBe(text);
  });

  test("keeps a GUID and a run of 40 token characters", () => {
    const text = `${OID} ${"a".repeat(40)}`;
    expect(redact(text)).toBe(text);
  });

  test.each([
    "a".repeat(41),
    "%2B".repeat(41),
    "\\u002B".repeat(41),
    "a+b/c=".repeat(10),
    `%ab${"x".repeat(39)}`,
  ])("removes the run %s", (run) => {
    expect(redact(`before ${run} after`)).not.toContain(run);
  });

  test("removes a JWT of less than 40 characters", () => {
    expect(redact("got eyJhbGciOiJub25lIn0.e30. here")).toBe("got [redacted] here");
  });

  test("redacts before it cuts, so that no part of a token is left at the end", () => {
    const start = "x ".repeat(246);
    expect(redact(`${start}${unsignedToken({ oid: OID })}`)).toBe(`${start}[redacted]`);
  });

  test.each([
    [undefined, 512],
    [100, 100],
    [1, 1],
    [0, 0],
    [Number.NaN, 0],
  ])("with the limit %s leaves at most %d characters", (limit, most) => {
    expect(redact("word ".repeat(1000), limit).length).toBe(most);
  });

  test("does not cut a character in half", () => {
    expect(redact("😀😀😀", 4)).toBe("😀…");
  });

  test("puts everything on one line without control and format characters", () => {
    expect(redact("a\r\n\tb\u0000c\u001b[31md\u2028e\u202Ef\u200Bg\n")).toBe("a b c [31md e f g");
  });

  test("never lets a minted JWT survive, whatever is around it", () => {
    const around = fc.oneof(
      fc.string(),
      fc.string({ unit: "binary" }),
      fc.constantFrom('"access_token":"', "%2", "\\u00", "ey", "."),
    );
    fc.assert(
      fc.property(
        around,
        around,
        fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 3 }),
        (before, after, claims) => {
          const token = unsignedToken(claims);
          const signature = token.slice(token.lastIndexOf(".") + 1);
          expect(redact(before + token + after, 100_000)).not.toContain(signature);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("never leaves more than 40 token characters in a row, cut or not", () => {
    const letters = fc.constantFrom(
      ..."aZ09_-.~+/=%2b\\u0 \"'&:{}é\n".split(""),
      "abcdefghijklmnopqrst",
      "access_token",
    );
    fc.assert(
      fc.property(
        fc.string({ unit: letters, maxLength: 200 }),
        fc.integer({ min: 0, max: 600 }),
        (text, limit) => {
          expect(redact(text, limit)).not.toMatch(/[A-Za-z0-9_\-.~+/=]{41}/u);
        },
      ),
      { numRuns: 1000 },
    );
  });

  // Without linear time each of these takes minutes, which the time limit of the test notices.
  test.each([
    "ey",
    "ey.",
    "a",
    "\\",
    '"',
    '\\"',
    "%2",
    "\\u00",
    "access_token",
    'access_token\\"',
    'access_token":"\\',
    "access_token=",
    "Bearer ",
    " ",
    "\n\t",
    `${"a".repeat(40)} `,
    `ey${"a".repeat(38)}%`,
  ])("takes linear time for 64 KiB of %j", (unit) => {
    expect(redact(unit.repeat(Math.ceil(65_536 / unit.length))).length).toBeLessThanOrEqual(512);
  });
});
