import { describe, expect, test } from "vitest";
import { COMMANDS } from "../../src/cli/command-table.js";
import { EXIT, type CommandRow } from "../../src/cli/command.js";
import { HELP_FLAG, JSON_FLAG, optionFlags } from "../../src/cli/flag-table.js";
import { runCli } from "../../src/cli/run-cli.js";
import { PACKAGE_VERSION } from "../../src/package-info.js";
import { testIo, type TestIo } from "./cli-io.js";

async function run(
  line: string,
  given: Parameters<typeof testIo>[0] = {},
): Promise<TestIo & { readonly code: number }> {
  const io = testIo(given);
  const argv = line.split(" ").filter((word) => word !== "");
  return { ...io, code: await runCli(argv, io) };
}

describe("help", () => {
  test.each(["--help", "-h", "help", "help help", "help --help"])("of the program by %s", async (line) => {
    const { code, said, complained } = await run(line);
    expect({ code, complained }).toEqual({ code: EXIT.ok, complained: [] });
    expect(said).toContain("Commands");
  });

  test.each(COMMANDS.map(({ name }) => name))(
    "of %s, asked for before, behind and with nonsense",
    async (name) => {
      const asked = await Promise.all(
        [`help ${name}`, `--help ${name}`, `${name} --help`, `${name} -h`, `${name} --nonsense --help`].map(
          async (line) => await run(line),
        ),
      );
      for (const { code, said, complained } of asked) {
        expect({ code, complained, said }).toEqual({ code: EXIT.ok, complained: [], said: asked[0]?.said });
        expect(said[0]).toContain(`azure-identity-guard ${name}`);
      }
    },
  );

  test.each(["wait --help", "help wait", "wait -h", "--help wait"])(
    "of commands that begin alike: %s",
    async (line) => {
      const { code, said, complained } = await run(line);
      expect({ code, complained }).toEqual({ code: EXIT.ok, complained: [] });
      const listed = said.slice(said.indexOf("Commands") + 1, -2).map((each) => each.slice(2, 12).trim());
      expect(listed).toEqual(["wait nmi", "wait token", "wait arm"]);
    },
  );

  test("goes to standard error where nothing was asked for, which is a mistake", async () => {
    const { code, said, complained } = await run("");
    expect({ code, said }).toEqual({ code: EXIT.usage, said: [] });
    expect(complained).toContain("Commands");
  });

  test.each([
    { isTerminal: true, environment: {}, colors: true },
    { isTerminal: true, environment: { NO_COLOR: "1" }, colors: false },
    { isTerminal: false, environment: {}, colors: false },
    { isTerminal: false, environment: { FORCE_COLOR: "1" }, colors: true },
  ])("is coloured on a terminal only: %j", async ({ isTerminal, environment, colors }) => {
    const { said } = await run("--help", { isTerminal: () => isTerminal, environment });
    expect(said.join("").includes("\u001B[")).toBe(colors);
  });
});

test.each(["--version", "version"])("%s", async (line) => {
  const { code, said } = await run(line);
  expect({ code, said }).toEqual({ code: EXIT.ok, said: [PACKAGE_VERSION] });
});

describe("a command line that cannot be used ends with 2 and says why on standard error:", () => {
  test.each([
    ["wait nmii", "wait nmii is no command; did you mean wait nmi?"],
    ["chekc nmi", "chekc nmi is no command; did you mean check nmi?"],
    ["sevre", "sevre is no command; did you mean serve?"],
    ["serv --json", "serv is no command; did you mean serve?"],
    ["wait", "wait is no command; did you mean wait nmi, or wait token, or wait arm?"],
    ["check", "check is no command; did you mean check nmi, or check token?"],
    ["help wiat nmi", "wiat nmi is no command; did you mean wait nmi?"],
    ["xylophone", "xylophone is no command"],
    ["wait tok", "wait tok is no command; did you mean wait token?"],
    ["wait later --help", "wait later is no command; did you mean wait "],
    ["comp", "comp is no command; did you mean completion?"],
    ["wai", "wai is no command; did you mean wait nmi, or wait token, or wait arm?"],
    ["--json check nmi", "check nmi: flags come behind the command, not before it"],
    ["check nmi --timeuot 5s", "check nmi: --timeuot is no flag of this command; did you mean --timeout?"],
    ["check nmi -t 1s", "check nmi: -t is no flag of this command"],
    ["check nmi again", "check nmi: again is one word too many"],
    ["check token", "check token: --scope needs a value: what the token is for, such as"],
    ["check nmi", "check nmi: HOST_IP is (not set); expected the node's IPv4 address"],
    ["wait nmi", "wait nmi: HOST_IP is (not set); expected the node's IPv4 address"],
  ])("%s", async (line, beginning) => {
    // Those that need the library load it as a file of the build.
    const { code, said, complained } = line === "check token" ? await withoutLibrary(line) : await run(line);
    expect({ code, said }).toEqual({ code: EXIT.usage, said: [] });
    expect(complained[0]?.slice(0, beginning.length)).toBe(beginning);
    expect(complained.at(-1)).toMatch(/^See: azure-identity-guard .*--help$/u);
  });

  test("a bad variable, in a command that reads it", async () => {
    const environment = { AZURE_IDENTITY_GUARD_NMI_URL: "10.240.0.4" };
    const { code, said, complained } = await run("check nmi", { environment });
    expect({ code, said }).toEqual({ code: EXIT.usage, said: [] });
    expect(complained[0]).toMatch(
      /^check nmi: AZURE_IDENTITY_GUARD_NMI_URL is 10\.240\.0\.4; expected a whole http: URL/u,
    );
  });

  test("a token where a command should be is not repeated", async () => {
    const token = `eyJ${"a".repeat(40)}.eyJ${"b".repeat(40)}.${"c".repeat(40)}`;
    const { code, complained } = await run(token);
    expect(code).toBe(EXIT.usage);
    expect(complained.join()).not.toContain("b".repeat(40));
  });
});

async function withoutLibrary(line: string): Promise<TestIo & { readonly code: number }> {
  const { checkToken } = await import("../../src/cli/check-token.js");
  const io = testIo();
  const commands = COMMANDS.map((row) => (row.name === line ? { ...row, load: () => checkToken } : row));
  return { ...io, code: await runCli(line.split(" "), io, commands) };
}

describe("a command", () => {
  const seen: unknown[] = [];
  const row: CommandRow = {
    name: "look",
    operand: "WHERE",
    summary: "",
    description: [],
    examples: [],
    flags: [...optionFlags("nmi.hostIp"), JSON_FLAG, HELP_FLAG],
    exits: [],
    load: () => async (values, io) => {
      seen.push({ words: values.words, json: values.has("--json"), environment: io.environment });
      return await Promise.resolve(7);
    },
  };

  test("gets words, flags, and the environment with what flags stand in for; its code is the program's", async () => {
    const io = testIo({ environment: { HOST_IP: "10.0.0.1", OTHER: "x" } });
    expect(await runCli(["look", "there", "--json", "--host-ip", "10.0.0.2"], io, [row])).toBe(7);
    expect(seen).toEqual([
      {
        words: ["there"],
        json: true,
        environment: { HOST_IP: "10.0.0.2", OTHER: "x", AZURE_IDENTITY_GUARD_NMI_URL: "" },
      },
    ]);
  });
});
