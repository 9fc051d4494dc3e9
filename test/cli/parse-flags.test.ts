import { describe, expect, test } from "vitest";
import { HELP_FLAG, JSON_FLAG, optionFlags, ownFlag } from "../../src/cli/flag-table.js";
import { parseFlags } from "../../src/cli/parse-flags.js";

const FLAGS = [
  ownFlag("--timeout", { kind: "duration", doc: "" }),
  ownFlag("--scope", { kind: "text", doc: "" }),
  ...optionFlags("nmi.hostIp", "nmi.url", "expect.objectId"),
  JSON_FLAG,
  HELP_FLAG,
];

const parse = (...argv: readonly string[]): ReturnType<typeof parseFlags> => parseFlags(argv, FLAGS);

describe("values", () => {
  test.each([
    ["behind the flag", ["--timeout", "1m20s"]],
    ["behind an equals sign", ["--timeout=1m20s"]],
    ["with blanks around them", ["--timeout", " 1m20s "]],
  ])("are read %s", (_where, argv) => {
    const { values, problems } = parse(...argv);
    expect(problems).toEqual([]);
    expect(values.read("--timeout", "duration")).toBe(80_000);
  });

  test("may hold equals signs and begin with a dash", () => {
    expect(parse("--scope=a=b").values.text("--scope")).toBe("a=b");
    expect(parse("--scope", "-x").values.text("--scope")).toBe("-x");
  });

  test("are undefined where the flag is not given", () => {
    const { values } = parse();
    expect([values.has("--json"), values.text("--scope"), values.read("--timeout", "duration")]).toEqual([
      false,
      undefined,
      undefined,
    ]);
  });

  test("of an alias are those of the flag", () => {
    expect(parse("--expect-oid", "x").values.text("--expected-object-id")).toBe("x");
    expect(parse("-h").values.has("--help")).toBe(true);
  });

  test("behind -- are words, whatever they look like", () => {
    const { values, problems } = parse("one", "--", "--json", "-h");
    expect({ words: values.words, problems }).toEqual({ words: ["one", "--json", "-h"], problems: [] });
  });
});

describe("problems name what was seen and what is accepted:", () => {
  test.each<[readonly string[], string]>([
    [["--timeout", "5"], "--timeout is 5; expected a duration with a unit"],
    [["--timeout=soon"], "--timeout is soon; expected a duration with a unit"],
    [["--host-ip", "node-1"], "--host-ip is node-1; expected the node's IPv4 address"],
    [["--nmi-url", "10.240.0.4"], "--nmi-url is 10.240.0.4; expected a whole http: URL"],
    [["--timeout"], "--timeout needs a value: a duration with a unit"],
    [["--timeout="], "--timeout needs a value: a duration with a unit"],
    [["--timeout", "--json"], "--timeout needs a value: a duration with a unit"],
    [["--scope"], "--scope needs a value"],
    [["--json=yes"], '--json takes no value; leave out "=yes"'],
    [["--json", "--json"], "--json is given twice; give it once"],
    [["--expect-oid", "a", "--expected-object-id", "b"], "--expected-object-id is given twice; give it once"],
    [["--tiemout", "5s"], "--tiemout is no flag of this command; did you mean --timeout?"],
    [["--expect-iod=x"], "--expect-iod is no flag of this command; did you mean --expect-oid?"],
    [["--zzzzzzzzzzzzzzzz"], "--zzzzzzzzzzzzzzzz is no flag of this command"],
    [["-x"], "-x is no flag of this command"],
  ])("%j", (argv, beginning) => {
    const { problems } = parse(...argv);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.slice(0, beginning.length)).toBe(beginning);
  });

  test("all of them, not the first", () => {
    expect(parse("--timeout", "5", "--jsn", "--host-ip", "x").problems).toHaveLength(3);
  });

  test("a token in the wrong place is not repeated", () => {
    const token = `eyJ${"a".repeat(40)}.eyJ${"b".repeat(40)}.${"c".repeat(40)}`;
    const { problems } = parse("--timeout", token, `--${token}`, `--json=${token}`);
    expect(problems).toHaveLength(3);
    expect(problems.join()).not.toContain(token.slice(0, 43));
    expect(problems.join()).not.toContain("b".repeat(40));
  });
});

test("a value behind an equals sign leaves the next word alone", () => {
  const { values, problems } = parse("--timeout=5s", "word", "--scope=a", "b");
  expect({ words: values.words, scope: values.text("--scope"), problems }).toEqual({
    words: ["word", "b"],
    scope: "a",
    problems: [],
  });
});

test("messages name the flag that was given, else the variable", () => {
  const { values } = parse("--host-ip", "10.240.0.4");
  expect(values.nameOf("HOST_IP")).toBe("--host-ip");
  expect(values.nameOf("AZURE_IDENTITY_GUARD_NMI_URL")).toBe("AZURE_IDENTITY_GUARD_NMI_URL");
});

describe("variables", () => {
  test("are what the flags stand in for, and nothing that was not given", () => {
    expect(parse("--expect-oid", "x", "--scope", "y", "--json").values.variables()).toEqual({
      AZURE_IDENTITY_GUARD_EXPECTED_OBJECT_ID: "x",
    });
  });

  test("of the node's address silence the URL of the environment, which would win over it", () => {
    expect(parse("--host-ip", "10.240.0.4").values.variables()).toEqual({
      HOST_IP: "10.240.0.4",
      AZURE_IDENTITY_GUARD_NMI_URL: "",
    });
    const url = "http://10.240.0.5:8085/healthz";
    expect(parse("--host-ip", "10.240.0.4", "--nmi-url", url).values.variables()).toMatchObject({
      AZURE_IDENTITY_GUARD_NMI_URL: url,
    });
  });
});
