import type { TokenCredential } from "@azure/core-auth";
import { describe, expect, it } from "vitest";
import { guard } from "../../src/guard/guard.js";

const CONFIGURATION = { code: "ERR_GUARD_CONFIGURATION" };

describe("guard(x)", () => {
  it.each([undefined, null, "credential", {}, { getToken: "no function" }])("refuses %j", (given) => {
    expect(() => guard(given as unknown as TokenCredential)).toThrow(
      expect.objectContaining(CONFIGURATION) as Error,
    );
  });

  it("takes a credential without a prototype", async () => {
    const bare = Object.assign(Object.create(null) as object, { getToken: async () => null });
    await guard(bare).close();
  });
});

describe("getToken", () => {
  it.each([undefined, null, [], [""], 7, {}, [1n], [Symbol("scope")]])(
    "rejects, and never throws, for scopes that are none: %o",
    async (scopes) => {
      await using guarded = guard({ getToken: async () => null });
      await expect(guarded.getToken(scopes as string)).rejects.toMatchObject(CONFIGURATION);
    },
  );
});
