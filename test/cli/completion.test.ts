import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COMMANDS } from "../../src/cli/command-table.js";
import { completion } from "../../src/cli/completion.js";
import { runCli } from "../../src/cli/run-cli.js";
import { SHELLS, type Shell } from "../../src/cli/shells.js";
import { testIo, type TestIo } from "./cli-io.js";

async function run(line: string): Promise<TestIo & { readonly code: number }> {
  const io = testIo();
  const commands = COMMANDS.map((row) =>
    row.name === "completion" ? { ...row, load: () => completion(COMMANDS) } : row,
  );
  return { ...io, code: await runCli(line.split(" "), io, commands) };
}

let folder = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "completion-"));
  for (const shell of SHELLS) {
    const { code, said } = await run(`completion ${shell}`);
    expect(code).toBe(0);
    writeFileSync(join(folder, shell), `${said.join("\n")}\n`);
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a script in a shell, with the words of the command line as its arguments; its lines, sorted. */
function ask(shell: Shell, script: string, words: readonly string[]): readonly string[] {
  const flags: Readonly<Record<Shell, readonly string[]>> = {
    bash: ["--norc", "--noprofile", "-c", script, "bash"],
    zsh: ["-f", "-c", script, "zsh"],
    fish: ["--no-config", "-c", script],
  };
  const argv = [...flags[shell], join(folder, shell), ...words];
  // A folder of its own, where files are known.
  const { stdout, stderr, status } = spawnSync(shell, argv, { cwd: folder, encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .sort();
}

/** What each shell answers with after these words, the last of which is not finished. */
const COMPLETES: Readonly<Record<Shell, (...words: readonly string[]) => readonly string[]>> = {
  bash: (...words) => {
    const script = `source "$1"; shift
      COMP_WORDS=(azure-identity-guard "$@"); COMP_CWORD=$#
      _azure_identity_guard
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    // As bash does, which takes = for the end of a word.
    return ask(
      "bash",
      script,
      words.flatMap((word) => (word.startsWith("--") ? word.split(/(=)/u) : [word])),
    );
  },
  zsh: (...words) => {
    const script = `compdef() { : }
      compset() { words[CURRENT]=\${words[CURRENT]#*=} }
      _describe() { print -rl -- $found }
      _files() { print -rl -- *(N) }
      source "$1"; shift
      words=(azure-identity-guard "$@"); CURRENT=$#words
      _azure_identity_guard`;
    const last = words.at(-1)?.replace(/^--.*=/u, "") ?? "";
    return ask("zsh", script, words)
      .map((line) => line.replace(/:.*$/u, ""))
      .filter((word) => word.startsWith(last));
  },
  fish: (...words) => {
    const script = `source $argv[1]; complete -C (string join ' ' -- azure-identity-guard $argv[2..])`;
    return ask("fish", script, words)
      .map((line) => line.replace(/\t.*$/u, "").replace(/^--.*=/u, ""))
      .filter((word) => word !== "");
  },
};

const installed = (shell: Shell): boolean => spawnSync(shell, ["-c", "true"]).status === 0;
const flagsOf = (name: string): readonly string[] =>
  (COMMANDS.find((command) => command.name === name)?.flags ?? []).flatMap(({ flag, aliases }) => [
    flag,
    ...aliases,
  ]);

describe.each(SHELLS)("completion in %s (where it is installed)", (shell) => {
  const complete = COMPLETES[shell];

  test.skipIf(!installed(shell)).each<[words: readonly string[], found: readonly string[]]>([
    [["w"], ["wait"]],
    [["c"], ["check", "completion"]],
    [
      ["wait", ""],
      ["arm", "nmi", "token"],
    ],
    [["check", "t"], ["token"]],
    [["check", "nmi", "--t"], ["--timeout"]],
    [["wait", "token", "--exp"], flagsOf("wait token").filter((flag) => flag.startsWith("--exp"))],
    [["wait", "token", "--gate", "w"], ["workload-identity"]],
    [
      ["wait", "token", "--scope", "x", "--gate", "n"],
      ["nmi", "none"],
    ],
    [["wait", "token", "--gate=pro"], ["proxy"]],
    [
      ["manifest", "nmi-i"],
      ["nmi-in-code", "nmi-init"],
    ],
    [["completion", "b"], ["bash"]],
    [["serve", "--health-file", "fi"], ["fish"]],
  ])("of %j is %j", (words, found) => {
    expect(complete(...words)).toEqual([...found].sort());
  });
});

test.skipIf(!installed("bash"))(
  "bash offers every command and every flag, and no value that only a person knows",
  () => {
    const complete = COMPLETES.bash;
    for (const { name, choices = [] } of COMMANDS) {
      expect(complete(...name.split(" "), "")).toEqual([...choices, ...flagsOf(name)].sort());
      expect(complete(name.split(" ")[0] ?? "")).toContain(name.split(" ")[0]);
    }
    expect(complete("check", "nmi", "--timeout", "")).toEqual([]);
  },
);

describe.each(SHELLS)("the script for %s", (shell) => {
  test("names every command and every flag", async () => {
    const { said } = await run(`completion ${shell}`);
    const text = said.join("\n");
    for (const { name, flags } of COMMANDS) {
      for (const word of name.split(" ")) expect(text).toMatch(new RegExp(`\\b${word}\\b`, "u"));
      for (const { flag } of flags) expect(text).toContain(shell === "fish" ? `-l ${flag.slice(2)} ` : flag);
    }
  });

  test("says how to use it first", async () => {
    const { said } = await run(`completion ${shell}`);
    expect(said.slice(0, 4).join("\n")).toContain(`azure-identity-guard completion ${shell}`);
  });
});

test.each([
  ["completion", "completion: SHELL is missing; one of bash, zsh, fish"],
  ["completion sh", "completion: sh is no shell with a script; one of bash, zsh, fish"],
  ["completion bash zsh", "completion: zsh is one word too many"],
])("%s is refused", async (line, problem) => {
  const { code, said, complained } = await run(line);
  expect({ code, said, problem: complained[0] }).toEqual({ code: 2, said: [], problem });
});
