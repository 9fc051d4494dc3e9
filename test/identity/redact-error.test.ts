import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { redactError } from "../../src/identity/redact.js";
import { OID, unsignedToken } from "./unsigned-token.js";

const TOKEN = unsignedToken({ oid: OID });

const withProperties = (error: Error, properties: object): Error => Object.assign(error, properties);

/** A chain of `length` errors, the outermost called 0. */
function chain(length: number, number = 0): Error {
  return new Error(`error ${number}`, length > 1 ? { cause: chain(length - 1, number + 1) } : undefined);
}

function depthOf(error: unknown): number {
  return error instanceof Error ? 1 + depthOf(error.cause) : 0;
}

describe("redactError", () => {
  test("keeps name, message, code, status and error code", () => {
    const error = withProperties(new Error("refused"), {
      name: "RestError",
      code: "ECONNREFUSED",
      statusCode: 403,
      errorCode: "network_error",
    });
    expect(redactError(error)).toMatchObject({
      name: "RestError",
      message: "refused",
      code: "ECONNREFUSED",
      statusCode: 403,
      errorCode: "network_error",
    });
  });

  test("leaves no token in anything that an inspection shows", () => {
    const error = withProperties(
      new Error(`body: {"access_token":"${TOKEN}"}`, { cause: new Error(TOKEN) }),
      {
        name: TOKEN,
        code: TOKEN,
        errorCode: `x=${TOKEN}`,
        request: { headers: { authorization: TOKEN } },
        response: { bodyAsText: TOKEN },
        stack: `Error: ${TOKEN}\n    at ${TOKEN} (/srv/${TOKEN}/file.js:1:2)\n${TOKEN}`,
        errors: [new Error(TOKEN), TOKEN, { message: TOKEN }],
      },
    );
    const shown = inspect(redactError(error), { depth: 20, showHidden: true, maxStringLength: null });
    for (const part of TOKEN.split(".")) expect(shown).not.toContain(part);
  });

  test("copies neither request nor response, nor a code that is no text or number", () => {
    const error = withProperties(new Error("x"), { request: {}, response: {}, code: { token: TOKEN } });
    expect(Object.keys(redactError(error))).toEqual([]);
  });

  test("keeps the frames of a stack with the last folder and the file", () => {
    const error = withProperties(new Error("x"), {
      stack: "Error: x\n    at getToken (/srv/app/node_modules/some/long/folder/credential/index.js:12:34)",
    });
    expect(redactError(error).stack).toBe("Error: x\n    at getToken (credential/index.js:12:34)");
  });

  test("follows causes to a depth of 5", () => {
    expect(depthOf(redactError(chain(20)))).toBe(6);
  });

  test("ends where causes form a cycle", () => {
    const error = new Error("a");
    error.cause = new Error("b", { cause: error });
    expect(depthOf(redactError(error))).toBe(2);
  });

  test("copies up to 10 members of an AggregateError", () => {
    const copy = redactError(
      new AggregateError(Array.from({ length: 20 }, (_, index) => new Error(String(index)))),
    );
    expect((copy as AggregateError).errors.map((error: Error) => error.message)).toEqual(
      "0123456789".split(""),
    );
  });

  test("copies a bounded number of errors where members have members", () => {
    const nest = (depth: number): Error =>
      new AggregateError(depth === 0 ? [] : Array.from({ length: 10 }, () => nest(depth - 1)));
    const count = (error: unknown): number =>
      1 +
      (error instanceof AggregateError
        ? error.errors.reduce((sum: number, member) => sum + count(member), 0)
        : 0);
    expect(count(redactError(nest(4)))).toBeLessThanOrEqual(50);
  });

  const hostile = new Proxy(
    {},
    {
      get: () => {
        throw new Error(TOKEN);
      },
      getPrototypeOf: () => {
        throw new Error(TOKEN);
      },
      ownKeys: () => {
        throw new Error(TOKEN);
      },
    },
  );
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const revokedList = Proxy.revocable([], {});
  revokedList.revoke();

  test.each([
    ["null", null],
    ["undefined", undefined],
    ["a text", `failed with ${TOKEN}`],
    ["a number", 7],
    ["a symbol", Symbol(TOKEN)],
    ["a bigint", 7n],
    ["a function", () => TOKEN],
    ["an object without a prototype", Object.create(null)],
    ["an object with a message", { message: TOKEN, code: 1 }],
    ["a proxy that throws", hostile],
    ["a revoked proxy", revoked.proxy],
    ["an error whose list is a revoked proxy", { message: "m", errors: revokedList.proxy, cause: hostile }],
  ])("makes a safe error of %s", (_, thrown) => {
    const copy = redactError(thrown);
    expect(copy).toBeInstanceOf(Error);
    expect(inspect(copy, { depth: 9, showHidden: true })).not.toContain(TOKEN.split(".")[1]);
  });

  test("does not change what was thrown", () => {
    const error = Object.freeze(new Error("x", { cause: Object.freeze(new Error("y")) }));
    expect(redactError(error)).not.toBe(error);
    expect(error.message).toBe("x");
  });
});
