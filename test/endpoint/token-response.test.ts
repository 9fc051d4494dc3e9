import { expect, test } from "vitest";
import { parseJson, readTokenResponse } from "../../src/endpoint/token-response.js";

const NOW = 1_700_000_000_000;

test.each<[string, unknown, unknown]>([
  [
    "seconds as text",
    { access_token: "t", expires_on: "1700003600" },
    { token: "t", expiresOnTimestamp: 1_700_003_600_000 },
  ],
  [
    "seconds as a number",
    { access_token: "t", expires_on: 1700003600 },
    { token: "t", expiresOnTimestamp: 1_700_003_600_000 },
  ],
  [
    "a lifetime as text",
    { access_token: "t", expires_in: "3600" },
    { token: "t", expiresOnTimestamp: NOW + 3_600_000 },
  ],
  [
    "a lifetime as a number",
    { access_token: "t", expires_in: 3600 },
    { token: "t", expiresOnTimestamp: NOW + 3_600_000 },
  ],
  [
    "a lifetime where the time is garbled",
    { access_token: "t", expires_on: "soon", expires_in: 60 },
    { token: "t", expiresOnTimestamp: NOW + 60_000 },
  ],
  [
    "an array: its first element",
    [
      { access_token: "t", expires_in: 60 },
      { access_token: "u", expires_in: 60 },
    ],
    { token: "t", expiresOnTimestamp: NOW + 60_000 },
  ],
  [
    "when to refresh",
    { access_token: "t", expires_in: 60, refresh_in: 30 },
    { token: "t", expiresOnTimestamp: NOW + 60_000, refreshAfterTimestamp: NOW + 30_000 },
  ],
])("reads %s", (_name, body, expected) => {
  expect(readTokenResponse(body, NOW)).toEqual(expected);
});

test.each<[string, unknown]>([
  ["no token", { expires_in: 60 }],
  ["an empty token", { access_token: "", expires_in: 60 }],
  ["a token that is no text", { access_token: 5, expires_in: 60 }],
  ["no expiry", { access_token: "t" }],
  ["an expiry of 0", { access_token: "t", expires_on: 0 }],
  ["a negative expiry", { access_token: "t", expires_on: -1 }],
  ["an expiry in milliseconds", { access_token: "t", expires_on: NOW * 1000 }],
  ["null", null],
  ["text", "t"],
  ["an empty array", []],
  ["undefined", undefined],
])("refuses %s", (_name, body) => {
  expect(readTokenResponse(body, NOW)).toBeUndefined();
});

test("what is no JSON is undefined", () => {
  expect(parseJson(`{"access_token":`)).toBeUndefined();
});
