import { expect, test } from "vitest";
import { nearestName } from "../../src/config/nearest-name.js";

const KNOWN = ["objectId", "clientId", "tenantId", "unreadable"];

test.each([
  ["objectID", "objectId"],
  ["objecId", "objectId"],
  ["clinetId", "clientId"],
  ["UNREADABLE", "unreadable"],
])("takes %s for %s", (given, name) => {
  expect(nearestName(given, KNOWN)).toBe(name);
});

test.each(["x", "somethingElse", "", "z".repeat(10_000)])("finds nothing near %j", (given) => {
  expect(nearestName(given, KNOWN)).toBeUndefined();
});
