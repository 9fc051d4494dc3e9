import { expect, test } from "vitest";
import { recordedFields, recordedHeaders } from "../../src/testing/redact-request.js";

test.each([
  "client_assertion",
  "client_secret",
  "assertion",
  "access_token",
  "refresh_token",
  "token",
  "password",
  "code",
  "IDENTITY_SECRET",
])("records nothing of the field %s", (name) => {
  expect(recordedFields(new URLSearchParams({ [name]: "value" }))).toEqual({ [name]: "REDACTED" });
});

test.each([
  "client_assertion_type",
  "client_id",
  "token_sha256_to_refresh",
  "claims",
  "resource",
  "error_codes",
])("records the field %s", (name) => {
  expect(recordedFields(new URLSearchParams({ [name]: "value" }))).toEqual({ [name]: "value" });
});

test("records the last value of a field", () => {
  expect(recordedFields(new URLSearchParams("a=1&a=2"))).toEqual({ a: "2" });
});

test.each(["authorization", "proxy-authorization", "cookie", "x-identity-header", "secret"])(
  "records nothing of the header %s",
  (name) => {
    expect(recordedHeaders({ [name]: "value", host: "h" })).toEqual({ [name]: "REDACTED", host: "h" });
  },
);
