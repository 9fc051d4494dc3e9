import { expect, test } from "vitest";
import { OPTION_KINDS } from "../../src/config/option-kind.js";
import { OPTION_TABLE, resolveOptions } from "../../src/config/options.js";
import { RETRY_DEFAULTS } from "../../src/retry/retry-budget.js";

const CLASSES = { gate: "auto", expect: "environment" } as const;

/** A value for each kind that is accepted, and not the default. */
const SAMPLES: Readonly<Record<string, string>> = {
  gate: "workload-identity",
  healthUrl: "http://10.0.0.4:8085/healthz",
  ipv4: "10.0.0.4",
  duration: "4s",
  grace: "never",
  count: "3",
  flag: "true",
  label: "orders",
  scopes: "https://vault.azure.net/.default",
  identifiers: "11111111-aaaa-4bbb-8ccc-000000000001",
  audiences: "https://vault.azure.net/.default=https://vault.azure.net",
  unreadable: "accept",
  filePath: "/tmp/identity-ready",
  targetPort: "8001",
};
const OBJECT_ID = { AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: SAMPLES["identifiers"] };

test("names each option, variable and flag once", () => {
  for (const column of ["option", "variable", "flag"] as const) {
    const names = OPTION_TABLE.flatMap((row) => row[column] ?? []);
    expect(new Set(names).size).toBe(names.length);
  }
});

test("has an option for every variable, of a credential or of the probe server", () => {
  const nowhere = OPTION_TABLE.filter(
    ({ option, serverOption }) => (option === undefined) === (serverOption === undefined),
  );
  expect(nowhere).toEqual([]);
});

test.each(OPTION_TABLE.filter((row) => row.default !== undefined && !row.default.includes("$")))(
  "gives $variable a default that the variable accepts",
  (row) => {
    expect(OPTION_KINDS[row.kind].fromText(row.default ?? "")).toBeDefined();
  },
);

test.each(OPTION_TABLE.filter((row) => row.option !== undefined))("reads $variable", (row) => {
  // A resource ID is no GUID; unreadable tokens matter only where something is expected.
  const sample = row.option === "expect.resourceId" ? "/subscriptions/a/b" : SAMPLES[row.kind];
  const others = row.option === "expect.unreadable" ? OBJECT_ID : {};
  const without = resolveOptions(undefined, others, CLASSES);
  const { explicit: _, ...resolved } = resolveOptions(
    undefined,
    { ...others, [row.variable]: sample },
    CLASSES,
  );
  expect(without).not.toMatchObject(resolved);
});

test.each(OPTION_TABLE)("says what is wrong with $variable", (row) => {
  // Texts are the one kind that takes nearly everything.
  const value = row.kind === "label" ? "two\nlines" : "§ !";
  expect(() => resolveOptions(undefined, { [row.variable]: value }, CLASSES)).toThrow(
    expect.objectContaining({
      code: "ERR_GUARD_CONFIGURATION",
      details: { problems: [expect.objectContaining({ name: row.variable })] },
    }),
  );
});

test("documents the defaults of the schedule that is used", () => {
  expect(resolveOptions(undefined, {}, CLASSES).retry).toEqual(RETRY_DEFAULTS);
});
