import { describe, expect, test } from "vitest";
import { COMMANDS } from "../../src/cli/command-table.js";
import { colored, uncolored } from "../../src/cli/demo-paint.js";
import { commandHelp, programHelp } from "../../src/cli/help.js";
import { OPTION_TABLE } from "../../src/config/option-table.js";

const WIDTH = 80;
const lines = (text: string): readonly string[] => text.split("\n");
const tooLong = (text: string): readonly string[] => lines(text).filter((line) => line.length > WIDTH);
/** Examples are broken over lines, and descriptions too. */
const flat = (text: string): string => text.replaceAll("\\\n", " ").replace(/\s+/gu, " ");

describe("the program's help", () => {
  const help = programHelp(COMMANDS, uncolored);

  test("fits a terminal", () => {
    expect(tooLong(help)).toEqual([]);
  });

  test("shows an example of every command before it lists them", () => {
    const [examples = "", list = ""] = help.split("\nCommands\n");
    for (const { name, summary } of COMMANDS) {
      expect(flat(examples)).toContain(`azure-identity-guard ${name}`);
      expect(flat(list)).toContain(`${name} `);
      expect(flat(list)).toContain(summary);
    }
  });
});

describe.each(COMMANDS.map((command) => [command.name, command] as const))(
  "the help of %s",
  (name, command) => {
    const help = commandHelp(command, uncolored);

    test("fits a terminal", () => {
      expect(tooLong(help)).toEqual([]);
    });

    test("begins with an example, and has two at least", () => {
      expect(lines(help)[0]).toMatch(new RegExp(`^ {2}azure-identity-guard ${name}( |$)`, "u"));
      const [examples = ""] = help.split("\n\n");
      expect(examples.match(/azure-identity-guard/gu)?.length).toBeGreaterThanOrEqual(2);
    });

    test("has lines of a shell for examples: all but the last end with a backslash", () => {
      const [examples = ""] = help.split("\n\n");
      for (const [index, line] of lines(examples).entries()) {
        if (/^ {4}--/u.test(line)) expect(lines(examples)[index - 1]).toMatch(/ \\$/u);
      }
    });

    test("has every flag with what it takes, its default and its variable", () => {
      const [, flags = ""] = help.split("\nFlags\n");
      for (const { flag, aliases, variable, default: usual, value, kind } of command.flags) {
        const head = [flag, ...aliases].join(", ");
        expect(lines(flags)).toContain(`  ${head}${value === "" ? "" : ` ${value}`}`);
        expect(value === "").toBe(kind === "switch");
        const about = flat(flags.slice(flags.indexOf(`  ${head}`)).split(/\n {2}-/u)[0] ?? "");
        if (variable !== undefined) expect(about).toContain(`Else ${variable}.`);
        if (usual !== undefined) expect(about).toContain(`Default ${usual}.`);
      }
    });

    test("leaves no variable of a setting out", () => {
      for (const { flag, variable } of command.flags) {
        const row = OPTION_TABLE.find((each) => each.flag === flag);
        if (row !== undefined) expect(variable).toBe(row.variable);
      }
    });

    test("names no flag twice, and has --help", () => {
      const names = command.flags.flatMap(({ flag, aliases }) => [flag, ...aliases]);
      expect(new Set(names).size).toBe(names.length);
      expect(names).toContain("--help");
    });

    test("says what each exit code means", () => {
      const [, exits = ""] = help.split("\nExit codes\n");
      for (const [code, meaning] of command.exits)
        expect(flat(exits)).toContain(`${String(code)} ${meaning}`);
    });

    test("is the same with colours, but for them", () => {
      const painted = commandHelp(command, colored);
      expect(painted).not.toBe(help);
      expect(painted.replace(/\u001B\[[\d;]*m/gu, "")).toBe(help);
    });
  },
);
