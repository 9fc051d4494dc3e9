import { describe, expect, test } from "vitest";
import { showValue } from "../../src/identity/show-value.js";
import { OID, RESOURCE_ID, unsignedToken } from "./unsigned-token.js";

describe("showValue", () => {
  test.each([
    ["80", "80"],
    ["", '""'],
    [80, "80"],
    [Number.NaN, "NaN"],
    [null, "null"],
    [undefined, "(not set)"],
    [{ token: "x" }, "(an object)"],
    [[], "[]"],
    [["a", 1, ["b"]], "[a, 1, (a list)]"],
    [`${OID}0`, `${OID}0`],
    ["http://10.240.0.4:8085/healthz", "http://10.240.0.4:8085/healthz"],
  ])("shows %j as %s", (value, shown) => {
    expect(showValue(value)).toBe(shown);
  });

  test("shows the beginning of a resource ID, though it is one long run", () => {
    expect(showValue(RESOURCE_ID)).toContain(RESOURCE_ID.slice(0, 60));
  });

  test.each([
    ["a token", unsignedToken({ oid: OID }), "eyJ"],
    ["a client secret of 40 characters", "Abc8Q~defghijklmnopqrstuvwxyz0123456789A", "Abc8Q"],
    ["a password in an address", "http://user:hunter2@host/healthz", "hunter2"],
    ["a query", "http://host/healthz?sig=hunter2", "hunter2"],
    ["a token in a list", [unsignedToken({ oid: OID })], "eyJ"],
  ])("does not show %s", (_, value, secret) => {
    expect(showValue(value)).not.toContain(secret);
  });

  test("shows at most 100 characters", () => {
    expect(showValue("word ".repeat(100)).length).toBe(100);
  });

  test("ends with a list that holds itself", () => {
    const list: unknown[] = [];
    list.push(list);
    expect(showValue(list)).toBe("[(a list)]");
  });
});
