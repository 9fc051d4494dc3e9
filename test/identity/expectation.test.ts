import { describe, expect, test } from "vitest";
import { createExpectation, expectationKey, type ExpectOptions } from "../../src/identity/expectation.js";
import { CLIENT_ID, OID, OTHER_OID, RESOURCE_ID } from "./unsigned-token.js";

const create = (given: unknown): ReturnType<typeof createExpectation> =>
  createExpectation(given as ExpectOptions, (field) => `expect.${field}`);

const namesOf = (given: unknown): readonly string[] => create(given).problems.map((problem) => problem.name);

describe("createExpectation", () => {
  test("writes what it expects in lower case, sorted, once each, and frozen", () => {
    const { expectation, problems } = create({
      objectId: [OTHER_OID, OID.toUpperCase(), ` ${OID} `],
      clientId: CLIENT_ID.toUpperCase(),
      resourceId: RESOURCE_ID,
      audience: {
        "https://Vault.azure.net/.default": ["https://vault.azure.net/", "https://VAULT.azure.net"],
      },
    });
    expect(problems).toEqual([]);
    expect(expectation).toEqual({
      objectIds: [OID, OTHER_OID],
      clientIds: [CLIENT_ID],
      tenantIds: [],
      resourceIds: [RESOURCE_ID.toLowerCase()],
      audience: { "https://vault.azure.net": ["https://vault.azure.net"] },
      unreadable: "reject",
    });
    expect([expectation, expectation?.objectIds, expectation?.audience].every(Object.isFrozen)).toBe(true);
  });

  test.each([{}, { objectId: undefined }, { unreadable: "accept" }])("expects nothing of %j", (given) => {
    expect(create(given)).toEqual({ expectation: undefined, problems: [] });
  });

  test.each([
    ["objectId", "not a guid"],
    ["objectId", ""],
    ["objectId", []],
    ["objectId", null],
    ["objectId", 7],
    ["objectId", [OID, undefined]],
    ["objectId", Array(1)], // a hole
    ["objectId", `${OID}/`],
    ["objectId", `{${OID}}`],
    ["clientId", "orders-api"],
    ["tenantId", "contoso.onmicrosoft.com"],
    ["resourceId", "orders"],
    ["resourceId", "/subscriptions"],
    ["resourceId", "/subscriptions/a b/c"],
    ["audience", {}],
    ["audience", []],
    ["audience", "https://vault.azure.net"],
    ["audience", null],
    ["audience", { scope: [] }],
    ["audience", { scope: "" }],
    ["audience", { scope: 7 }],
    ["audience", { scope: undefined }],
    ["audience", { "": "aud" }],
    ["unreadable", "maybe"],
  ])("names the problem of %s: %j", (field, value) => {
    expect(namesOf({ [field]: value })).toEqual([`expect.${field}`]);
  });

  test("reports every problem, each with its value", () => {
    expect(create({ objectId: ["a", OID, "b"], tenantId: "c" }).problems.map(({ value }) => value)).toEqual([
      "a",
      "b",
      "c",
    ]);
  });

  test("says of a malformed object ID that the principal ID is wanted", () => {
    expect(create({ objectId: "x" }).problems[0]?.expected).toContain("principalId");
  });

  test("names a value as the caller does", () => {
    const { problems } = createExpectation(
      { objectId: "x" },
      () => "AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID",
    );
    expect(problems[0]?.name).toBe("AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID");
  });

  test("takes the name of a scope for a name, whatever it is", () => {
    const audience = JSON.parse('{"__proto__":"aud"}') as Record<string, string>;
    expect(Object.entries(create({ audience }).expectation?.audience ?? {})).toEqual([
      ["__proto__", ["aud"]],
    ]);
  });

  test("leaves frozen input as it is", () => {
    const objectId = Object.freeze([OTHER_OID, OID]);
    create(Object.freeze({ objectId }));
    expect(objectId).toEqual([OTHER_OID, OID]);
  });
});

describe("expectationKey", () => {
  const key = (given: ExpectOptions): string => expectationKey(create(given).expectation);

  test("is the same for expectations that accept the same tokens", () => {
    expect(key({ objectId: [OID, OTHER_OID], audience: { a: "1", b: "2" } })).toBe(
      key({ audience: { b: ["2/"], a: "1" }, objectId: [OTHER_OID, OID.toUpperCase(), OID] }),
    );
  });

  test("differs between expectations that accept different tokens", () => {
    const given: ExpectOptions[] = [
      {},
      { objectId: OID },
      { objectId: OTHER_OID },
      { objectId: [OID, OTHER_OID] },
      { clientId: OID },
      { tenantId: OID },
      { objectId: OID, unreadable: "accept" },
      { objectId: OID, audience: { a: "1" } },
      { objectId: OID, audience: { a: "2" } },
    ];
    expect(new Set(given.map(key)).size).toBe(given.length);
  });
});
