import { describe, expect, test } from "vitest";
import type { GuardOptions } from "../../src/config/options.js";
import type { Gate } from "../../src/gate/gate.js";
import { OID, OTHER_OID, TENANT_ID, unsignedToken } from "../identity/unsigned-token.js";
import { CLASSES, failure, resolve, WRAPPER } from "./resolve.js";

const P = "AZURE_IDENTITY_GUARD_";
const SCOPE = "https://vault.azure.net/.default";
const GATE: Gate = {
  name: "mine",
  check: async () => ({ state: "open", reason: "custom:ok", observedAt: 0 }),
};

describe("precedence", () => {
  test("takes the defaults where nothing is said", () => {
    expect(resolve()).toMatchObject({
      gate: "auto",
      nmiUrl: undefined,
      pollIntervalMs: 5_000,
      expectation: undefined,
      health: { livenessGraceMs: 30_000, readyWhileDegraded: false, details: false, name: undefined },
      warmUpScopes: [],
      explicit: false,
      warnings: [],
    });
  });

  test("prefers an option to its variable, field by field", () => {
    const environment = { [`${P}RETRY_BUDGET`]: "90s", [`${P}RETRY_DELAY`]: "1s", [`${P}HEALTH_NAME`]: "a" };
    const { retry, health } = resolve(
      { retry: { budgetMs: 100_000 }, health: { details: true } },
      environment,
    );
    expect(retry).toMatchObject({ budgetMs: 100_000, delayMs: 1_000, maxDelayMs: 5_000 });
    expect(health).toMatchObject({ details: true, name: "a" });
  });

  test("counts undefined and blank values as unset", () => {
    const given: GuardOptions = { retry: { budgetMs: undefined }, gate: undefined, expect: undefined };
    expect(resolve(given, { [`${P}GATE`]: " ", [`${P}RETRY_BUDGET`]: "90s" })).toMatchObject({
      gate: "auto",
      retry: { budgetMs: 90_000 },
    });
  });

  test("does not look at a bad variable where the option is given", () => {
    expect(failure({ retry: { budgetMs: 80_000 } }, { [`${P}RETRY_BUDGET`]: "soon" }).names).toEqual([]);
  });

  test("freezes the result and leaves frozen input as it is", () => {
    const given = Object.freeze({ warmUpScopes: Object.freeze([SCOPE, SCOPE]), gate: GATE });
    const resolved = resolve(given);
    expect(
      [resolved, resolved.health, resolved.retry, resolved.warmUpScopes, resolved.warnings].every(
        Object.isFrozen,
      ),
    ).toBe(true);
    expect(resolved.warmUpScopes).toEqual([SCOPE]);
    expect(given.warmUpScopes).toEqual([SCOPE, SCOPE]);
    expect(Object.isFrozen(GATE)).toBe(false);
  });
});

describe("the gate", () => {
  test.each([
    ["a class that says nothing", undefined, CLASSES, "workload-identity"],
    ["a class that says auto", "auto", CLASSES, "workload-identity"],
    ["a class that says none", "none", CLASSES, "none"],
    ["a class that says proxy", "proxy", CLASSES, "proxy"],
    ["guard(x) that says nothing", undefined, WRAPPER, "none"],
    ["guard(x) that says auto", "auto", WRAPPER, "workload-identity"],
  ] as const)("of the environment is taken or not by %s", (_, gate, defaults, expected) => {
    expect(resolve({ gate }, { [`${P}GATE`]: "workload-identity" }, defaults).gate).toBe(expected);
  });

  test("may be one's own, and is returned as it is", () => {
    expect(resolve({ gate: GATE }, { [`${P}GATE`]: "nmi" }).gate).toBe(GATE);
  });

  test.each(["nmii", "", 7, null, {}, { name: "x" }, { check: () => GATE }])("cannot be %j", (gate) => {
    expect(failure({ gate }).names).toEqual(["gate"]);
  });

  test("none switches its variables off, bad ones included", () => {
    const environment = { [`${P}GATE`]: "x", [`${P}NMI_URL`]: "x", HOST_IP: "x", [`${P}POLL_INTERVAL`]: "x" };
    expect(failure({ gate: "none" }, environment).names).toEqual([]);
    expect(failure(undefined, environment, WRAPPER).names).toEqual([]);
  });
});

describe("the expectation", () => {
  const environment = {
    [`${P}EXPECTED_OBJECT_ID`]: `${OID}, ${OTHER_OID},`,
    [`${P}UNREADABLE_TOKENS`]: "accept",
  };

  test.each([
    ["a class that says nothing", undefined, CLASSES, [OID, OTHER_OID]],
    ["a class that says none", "none", CLASSES, undefined],
    ["guard(x) that says nothing", undefined, WRAPPER, undefined],
    ["guard(x) that says environment", "environment", WRAPPER, [OID, OTHER_OID]],
  ] as const)("of the environment is taken or not by %s", (_, expected, defaults, objectIds) => {
    expect(resolve({ expect: expected }, environment, defaults).expectation?.objectIds).toEqual(objectIds);
  });

  test("of a class is merged with the environment, field by field", () => {
    expect(
      resolve({ expect: { tenantId: TENANT_ID, unreadable: "reject" } }, environment).expectation,
    ).toMatchObject({
      objectIds: [OID, OTHER_OID],
      tenantIds: [TENANT_ID],
      unreadable: "reject",
    });
  });

  test("of guard(x) is not merged with the environment", () => {
    expect(resolve({ expect: { tenantId: TENANT_ID } }, environment, WRAPPER).expectation).toMatchObject({
      objectIds: [],
      unreadable: "reject",
    });
  });

  test("of a class that says an object ID is the one of the option alone", () => {
    expect(resolve({ expect: { objectId: OTHER_OID } }, environment).expectation?.objectIds).toEqual([
      OTHER_OID,
    ]);
  });

  test("none ignores bad variables", () => {
    expect(
      failure({ expect: "none" }, { [`${P}EXPECTED_OBJECT_ID`]: "x", [`${P}UNREADABLE_TOKENS`]: "x" }).names,
    ).toEqual([]);
  });

  test("reads audiences by scope", () => {
    const text = "https://a/.default=x|y, https://b/.default=z";
    expect(resolve(undefined, { [`${P}EXPECTED_AUDIENCE`]: text }).expectation?.audience).toEqual({
      "https://a": ["x", "y"],
      "https://b": ["z"],
    });
  });

  test.each(["https://a", "=x", "https://a=", "https://a=|", ","])("cannot read the audiences %j", (text) => {
    expect(failure(undefined, { [`${P}EXPECTED_AUDIENCE`]: text }).names).toEqual([`${P}EXPECTED_AUDIENCE`]);
  });

  test("names option or variable, whichever gave the value", () => {
    const { names } = failure({ expect: { tenantId: "x" } }, { [`${P}EXPECTED_CLIENT_ID`]: "y" });
    expect(names).toEqual([`${P}EXPECTED_CLIENT_ID`, "expect.tenantId"]);
  });

  test.each(["enviroment", 7, null, []])("cannot be %j", (value) => {
    expect(failure({ expect: value }).names).toEqual(["expect"]);
  });

  test.each([{}, { objectId: undefined }])("%j that names no claim is warned about", (value) => {
    expect(resolve({ expect: value }).warnings).toHaveLength(1);
  });
});

describe("what is wrong", () => {
  test("is reported all at once, one line for each problem", () => {
    const { message, names } = failure(
      { gate: "nmii", retry: { delayMs: "1s" }, expect: { objectId: "x" }, health: { details: "yes" } },
      { [`${P}RETRY_BUDGET`]: "80", [`${P}LIVENESS_GRACE`]: "forever", [`${P}WARM_UP_SCOPES`]: "," },
    );
    expect([...names].sort()).toEqual(
      [
        "expect.objectId",
        "gate",
        "health.details",
        "retry.delayMs",
        `${P}LIVENESS_GRACE`,
        `${P}RETRY_BUDGET`,
        `${P}WARM_UP_SCOPES`,
      ].sort(),
    );
    const lines = message.split("\n").slice(1);
    expect(lines).toHaveLength(names.length);
    expect(names.every((name, index) => lines[index]?.includes(name))).toBe(true);
  });

  test("is shown with value and accepted form", () => {
    const { problems } = failure(undefined, { [`${P}RETRY_BUDGET`]: "80" });
    expect(problems).toEqual([
      { name: `${P}RETRY_BUDGET`, value: "80", expected: expect.stringContaining("unit") as string },
    ]);
  });

  test("never shows a token that was put into the wrong place", () => {
    const token = unsignedToken({ oid: OID });
    const { message, problems } = failure(
      { gate: token, expect: { objectId: token, [token]: token }, warmUpScopes: token },
      { [`${P}RETRY_BUDGET`]: token, [`${P}NMI_URL`]: `http://x:${token}@h/p` },
    );
    expect(problems.length).toBeGreaterThan(4);
    for (const part of token.split(".")) expect(message + JSON.stringify(problems)).not.toContain(part);
  });

  test.each([0, -1, Number.NaN, Infinity, 2_147_483_648, "80s", "80000", null, true, 5n])(
    "includes the budget %s",
    (budgetMs) => {
      expect(failure({ retry: { budgetMs } }).names).toEqual(["retry.budgetMs"]);
    },
  );

  test.each([-1, 1.5, Number.NaN, Infinity, "4", null])("includes %s retries", (minRetries) => {
    expect(failure({ retry: { minRetries } }).names).toEqual(["retry.minRetries"]);
  });

  test.each(["0s", "597h", "80", "-1s", "x"])("includes the budget %j of the environment", (text) => {
    expect(failure(undefined, { [`${P}RETRY_BUDGET`]: text }).names).toEqual([`${P}RETRY_BUDGET`]);
  });

  test.each(["-1", "1.5", "four", "1e2"])("includes %j retries of the environment", (text) => {
    expect(failure(undefined, { [`${P}MIN_RETRIES`]: text }).names).toEqual([`${P}MIN_RETRIES`]);
  });

  test.each([SCOPE, [""], [7], ["a b"], Array(1), {}, null])(
    "includes the warm-up scopes %j",
    (warmUpScopes) => {
      expect(failure({ warmUpScopes }).names).toEqual(["warmUpScopes"]);
    },
  );

  test.each(["Never", -1, Number.NaN, "30s"])("includes the grace %j", (livenessGraceMs) => {
    expect(failure({ health: { livenessGraceMs } }).names).toEqual(["health.livenessGraceMs"]);
  });

  test.each([
    [{ retries: {} }, "retries"],
    [{ expect: { objectID: OID } }, "expect.objectID"],
    [{ expect: { objectID: undefined } }, "expect.objectID"],
    [{ retry: { budget: 1 } }, "retry.budget"],
    [{ nmi: { URL: "x" } }, "nmi.URL"],
    [{ health: { detail: true } }, "health.detail"],
  ])("includes the unknown name in %j", (given, name) => {
    expect(failure(given).names).toEqual([name]);
  });

  test("names the nearest known option", () => {
    expect(failure({ expect: { objectID: OID } }).problems[0]?.expected).toContain("expect.objectId");
  });

  test.each([null, 7, "nmi", [], true])("includes options that are %j", (given) => {
    expect(failure(given).names).toEqual(["guard"]);
  });

  test.each(["nmi", "retry", "health"])("includes %s that is no object", (section) => {
    for (const value of [null, 7, "x", []]) expect(failure({ [section]: value }).names).toEqual([section]);
  });

  test("includes a schedule that cannot fit, with the names of all that was given", () => {
    const { names } = failure({ retry: { budgetMs: 10_000 } }, { [`${P}ATTEMPT_TIMEOUT`]: "9s" });
    expect(names).toEqual([`retry.budgetMs, ${P}ATTEMPT_TIMEOUT`]);
  });
});

describe("warnings", () => {
  test("name the nearest variable for one that is not known", () => {
    const { warnings } = resolve(undefined, { [`${P}EXPECTED_OBJECTID`]: OID });
    expect(warnings).toEqual([expect.stringContaining(`${P}EXPECTED_OBJECT_ID`)]);
  });

  test.each([
    ["HEALTH_PORT", "8086"],
    ["HEALTH_HOST", "0.0.0.0"],
    ["HEALTH_PAGE", "true"],
    ["HEALTH_FILE", "/tmp/identity-ready"],
  ])("are not given for %s, which is no token option", (name, value) => {
    const { warnings, explicit } = resolve(undefined, { [P + name]: value });
    expect({ warnings, explicit }).toEqual({ warnings: [], explicit: false });
  });

  test("name who asked for fewer than 4 retries", () => {
    expect(resolve({ retry: { minRetries: 2 } }).warnings).toEqual([
      expect.stringContaining("retry.minRetries"),
    ]);
    expect(resolve(undefined, { [`${P}MIN_RETRIES`]: "3" }).warnings).toEqual([
      expect.stringContaining(`${P}MIN_RETRIES`),
    ]);
  });

  test("are not given for 4 retries and for variables of others", () => {
    expect(resolve({ retry: { minRetries: 4 } }, { AZURE_CLIENT_ID: "x", PATH: "y" }).warnings).toEqual([]);
  });

  test("say that an address of NMI has no effect without its gate", () => {
    expect(resolve({ nmi: { hostIp: "10.0.0.4" } }, {}, WRAPPER).warnings).toHaveLength(1);
  });

  test.each([
    ["nmi", 1],
    ["none", 1],
    ["auto", 0],
    ["proxy", 0],
  ] as const)("say that a port of the proxy has no effect without its gate: %s", (gate, said) => {
    const environment = { HOST_IP: "10.0.0.4" };
    expect(resolve({ gate, proxy: { port: 8001 } }, environment).warnings).toHaveLength(said);
  });

  test.each([0, 65_536, 8000.5, "8000"])("refuse %j as a port of the proxy", (port) => {
    expect(failure({ proxy: { port: port as number } }).names).toEqual(["proxy.port"]);
    expect(failure(undefined, { [`${P}PROXY_PORT`]: `x${port}` }).names).toEqual([`${P}PROXY_PORT`]);
  });
});

describe("whether guarding was asked for", () => {
  test.each([
    [{}, {}, true],
    [{ retry: {} }, {}, true],
    [undefined, {}, false],
    [undefined, { [`${P}EXPECTED_OBJECT_ID`]: OID }, true],
    [undefined, { [`${P}RETRY_BUDGET`]: "80s" }, true],
    [undefined, { [`${P}GATE`]: "none" }, true],
    [undefined, { [`${P}RETRY_BUDGET`]: "  " }, false],
    [undefined, { [`${P}LIVENESS_GRACE`]: "30s", [`${P}HEALTH_DETAILS`]: "true" }, false],
    [undefined, { HOST_IP: "10.0.0.4", AZURE_CLIENT_ID: OID }, false],
  ])("options %j with %j: %s", (given, environment, explicit) => {
    expect(resolve(given, environment as Record<string, string>).explicit).toBe(explicit);
  });
});
